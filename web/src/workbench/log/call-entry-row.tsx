/** A call that is over: a click opens what it carried. */

import { Component } from "preact";
import type { CallRow } from "../state";
import { CallDetails } from "./call-details";
import { CallLine, seconds } from "./call-line";

interface Props {
  id: string;
  row: CallRow;
  open: boolean;
  toggle: (key: string) => void;
}

export class CallEntryRow extends Component<Props> {
  /** A row never changes, and there are many. */
  override shouldComponentUpdate(next: Props) {
    return next.row !== this.props.row || next.open !== this.props.open;
  }

  override render({ id, row, open, toggle }: Props) {
    return (
      <li class="log-row" data-outcome={row.outcome === "ok" ? "ok" : "failed"} data-open={open}>
        <button type="button" data-row tabIndex={-1} aria-expanded={open} onClick={() => toggle(id)}>
          <CallLine row={row} duration={seconds(row.seconds ?? 0)} />
        </button>
        {open && <CallDetails id={id} row={row} />}
      </li>
    );
  }
}
