/** One call in two lines: what was called and how it ended; who called it, where and when. */

import type { ComponentChildren } from "preact";
import { ownSession, type CallRow } from "../state";

export function CallLine({ row, duration }: { row: CallRow; duration: ComponentChildren }) {
  return (
    <>
      <span class="log-first">
        <span class="log-tool">{row.tool}</span>
        <span class="log-outcome">{row.outcome}</span>
        <span class="log-duration">{duration}</span>
      </span>
      <span class="log-second">
        <span class="log-who">
          {isOwn(row) ? "this page" : (row.client ?? "no name")} {row.session && <code>{row.session}</code>}
        </span>
        <span class="log-where">{row.notebook_path}</span>
        <time dateTime={row.began}>{clock(row.began)}</time>
      </span>
      {row.error && <span class="log-error">{row.error}</span>}
    </>
  );
}

/** Whether the page itself made that call. */
export function isOwn(row: CallRow): boolean {
  return row.session_id != null && row.session_id === ownSession.value;
}

/** A duration for people: 12 ms, 3.2 s, 2 min 5 s. */
export function seconds(value: number, digits = 1): string {
  if (value < 1 && digits > 0) return `${Math.round(value * 1000)} ms`;
  if (value < 60) return `${value.toFixed(digits)} s`;
  return `${Math.floor(value / 60)} min ${Math.floor(value % 60)} s`;
}

const CLOCK = new Intl.DateTimeFormat(undefined, { timeStyle: "medium" });

function clock(moment: string): string {
  return CLOCK.format(new Date(moment));
}
