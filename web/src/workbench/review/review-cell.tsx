/** One cell: what was done to it, its source before and after, and the person's decision. */

import { acceptThat, busy, revertThat } from "./actions";
import { Hunks } from "./hunks";
import { MadeBy } from "./made-by";
import type { ReviewedCell } from "./review-state";
import { showInNotebook } from "./show-cell";

const KINDS: Record<ReviewedCell["change"], string> = {
  added: "Added",
  edited: "Edited",
  retyped: "Another type",
  deleted: "Deleted",
  restored: "Put back",
  moved: "Moved",
  outputs_cleared: "Outputs cleared",
  outputs_restored: "Outputs put back",
};

/** A cell as it is called on buttons and in sentences. */
export function nameOf(cell: ReviewedCell): string {
  return cell.cell_index == null ? `the deleted cell ${cell.cell_id ?? ""}`.trim() : `cell ${cell.cell_index}`;
}

/** What the page shows of a cell, so that nothing newer is accepted or reverted unseen. */
function shown(cell: ReviewedCell) {
  return { change_ids: cell.change_ids, ...(cell.cell_id == null ? {} : { cell_ids: [cell.cell_id] }) };
}

export const acceptCell = (cell: ReviewedCell) => acceptThat(nameOf(cell), shown(cell));
export const revertCell = (cell: ReviewedCell) => revertThat(nameOf(cell), shown(cell));

interface Props {
  cell: ReviewedCell;
  /** Whether Tab leads to it: to one of all cells. */
  current: boolean;
  onFocus: () => void;
}

export function ReviewCell({ cell, current, onFocus }: Props) {
  const name = nameOf(cell);
  const kinds = [cell.change, ...(cell.also ?? [])];
  return (
    <article
      class="review-cell"
      data-kind={cell.change}
      tabIndex={current ? 0 : -1}
      aria-label={`${kinds.map((kind) => KINDS[kind]).join(", ")}: ${name}`}
      onFocusCapture={onFocus}
    >
      <header class="review-head">
        <span class="review-kinds">
          {kinds.map((kind) => (
            <span key={kind} class="review-kind" data-kind={kind}>
              {KINDS[kind]}
            </span>
          ))}
        </span>
        <span class="review-name">
          {cell.cell_index == null ? "Cell" : `Cell ${cell.cell_index}`} <code>{cell.cell_id}</code>
          {cell.cell_type !== "code" && ` (${cell.cell_type})`}
        </span>
        <span class="review-origin" title={`Changes ${cell.change_ids.join(", ")}`}>
          {cell.sessions != null && cell.sessions.length > 0 && <code>{cell.sessions.join(", ")} </code>}
          <MadeBy changeIds={cell.change_ids} />
          <time dateTime={cell.when}>{new Date(cell.when).toLocaleTimeString()}</time> ·{" "}
          {cell.change_ids.length === 1 ? "1 change" : `${cell.change_ids.length} changes`}
        </span>
      </header>
      {cell.hunks.length === 0 && <p class="review-line">{cell.first_line || "an empty cell"}</p>}
      {cell.hunks.length > 0 && <Hunks hunks={cell.hunks} label={`Source of ${name}, before and after`} />}
      {cell.left_out != null && (
        <p class="review-note">{cell.left_out.toLocaleString()} more characters are not shown here.</p>
      )}
      {(cell.change === "outputs_cleared" || (cell.also ?? []).includes("outputs_cleared")) && (
        <p class="review-note">Its outputs were cleared; to revert brings them back.</p>
      )}
      {!cell.as_left && <p class="review-note review-warning">Somebody has changed this cell since.</p>}
      {cell.revert === "not_possible" && (
        <p class="review-note review-warning">This cannot be reverted: what it takes is not there any more.</p>
      )}
      <div class="review-buttons">
        <button type="button" disabled={busy.value} onClick={() => void acceptCell(cell)} aria-label={`Accept ${name}`}>
          Accept
        </button>
        <button
          type="button"
          disabled={busy.value || cell.revert === "not_possible"}
          onClick={() => void revertCell(cell)}
          aria-label={`Revert ${name}`}
        >
          Revert
        </button>
        {cell.cell_index != null && (
          <button type="button" onClick={() => void showInNotebook(cell)} aria-label={`Show in notebook: ${name}`}>
            Show in notebook
          </button>
        )}
      </div>
    </article>
  );
}
