/** The log of the quick actions, with the time of each and its result. */

import { ToolResultView } from "../../outputs/tool-result";
import { clearEntries, entries, type Entry } from "./action-log";

export function ActionLog() {
  return (
    <section class="quick-log" aria-label="Results">
      <div class="quick-log-head">
        <h2>Results</h2>
        <button type="button" disabled={entries.value.length === 0} onClick={clearEntries}>
          Clear
        </button>
      </div>
      {entries.value.length === 0 ? (
        <p class="empty">Nothing yet.</p>
      ) : (
        <ol>
          {entries.value.map((entry, at) => (
            <li key={entry.id} data-kind={entry.kind}>
              <Row entry={entry} newest={at === 0} />
            </li>
          ))}
        </ol>
      )}
    </section>
  );
}

function Row({ entry, newest }: { entry: Entry; newest: boolean }) {
  const head = (
    <>
      <time dateTime={entry.at.toISOString()}>{entry.at.toLocaleTimeString("en-GB")}</time>{" "}
      <span class="quick-kind">{entry.text}</span>
    </>
  );
  if (entry.result === undefined) return <p>{head}</p>;
  return (
    <details open={newest}>
      <summary>{head}</summary>
      <ToolResultView result={entry.result} />
      {entry.onMore && (
        <button type="button" onClick={entry.onMore}>
          Read on
        </button>
      )}
    </details>
  );
}
