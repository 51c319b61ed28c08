/** The calls that were made, the last one first. */

import { calls, type CallRow } from "../state";

export function CallLog() {
  if (calls.value.length === 0) return <p class="empty">No call yet.</p>;
  return (
    <ol class="calls">
      {calls.value.map((row) => (
        <li key={row.call}>
          <Call row={row} />
        </li>
      ))}
    </ol>
  );
}

function Call({ row }: { row: CallRow }) {
  return (
    <>
      <code>{row.tool}</code> <span data-outcome={row.outcome}>{row.outcome}</span>{" "}
      <span>{Math.round((row.seconds ?? 0) * 1000)} ms</span>
    </>
  );
}
