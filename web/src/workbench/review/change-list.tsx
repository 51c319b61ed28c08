/** The same changes one by one, each with all of its cells. */

import type { Schemas } from "../../server/client";
import { acceptThat, busy, revertThat } from "./actions";
import { MadeBy } from "./made-by";

export function ChangeList({ changes, count }: { changes: readonly Schemas["ReviewedChange"][]; count: number }) {
  return (
    <details class="review-changes">
      <summary>{count === 1 ? "1 change" : `${count} changes`}, one by one</summary>
      <ul>
        {changes.map((change) => {
          const name = `change ${change.change_id}`;
          const what = { change_ids: [change.change_id] };
          return (
            <li key={change.change_id}>
              <code>{change.change_id}</code>
              <span class="review-origin">
                {change.session != null && <code>{change.session} </code>}
                <MadeBy changeIds={[change.change_id]} />
                <time dateTime={change.when}>{new Date(change.when).toLocaleTimeString()}</time>,{" "}
                {change.cell_count === 1 ? "1 cell" : `${change.cell_count} cells`}
              </span>
              <span class="review-buttons">
                <button
                  type="button"
                  disabled={busy.value}
                  aria-label={`Accept ${name}`}
                  onClick={() => void acceptThat(name, what)}
                >
                  Accept
                </button>
                <button
                  type="button"
                  disabled={busy.value}
                  aria-label={`Revert ${name}`}
                  onClick={() => void revertThat(name, what)}
                >
                  Revert
                </button>
              </span>
            </li>
          );
        })}
      </ul>
      {changes.length < count && <p class="review-note">The latest {changes.length} of them.</p>}
    </details>
  );
}
