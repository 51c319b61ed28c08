/** What agents changed in the notebook, to be accepted or reverted by a person. */

import { signal } from "@preact/signals";
import { useRef } from "preact/hooks";
import { acceptThat, busy, lastAction, outcome, revertThat, undoThat } from "./actions";
import { ChangeList } from "./change-list";
import { chooseView, view } from "./hunks";
import { RefusalView } from "./refusal-view";
import { acceptCell, ReviewCell, revertCell } from "./review-cell";
import {
  chooseSession,
  load,
  loading,
  loadProblem,
  otherSessions,
  review,
  reviewedPath,
  reviewedSession,
  showMore,
  type ReviewedCell,
} from "./review-state";
import "./review.css";

/** The index of the cell that Tab leads to. */
const current = signal(0);

export function ReviewPanel() {
  const path = reviewedPath.value;
  return (
    <div class="review">
      <SessionChoice />
      {path === null ? (
        <p class="empty">Choose a session above, or a notebook among the sessions, to review what was changed there.</p>
      ) : (
        <Notebook path={path} />
      )}
    </div>
  );
}

function SessionChoice() {
  return (
    <label class="review-choice">
      <span>Changes of</span>
      <select
        value={reviewedSession.value ?? ""}
        onChange={(event) => void chooseSession(event.currentTarget.value || null)}
      >
        <option value="">all other sessions of yours, also those that are over</option>
        {otherSessions.value.map((row) => (
          <option key={row.session_id} value={row.session_id ?? ""}>
            {`${row.client ?? "a client without a name"} ${row.session}: ${row.notebooks.map((one) => one.notebook_path).join(", ")}`}
          </option>
        ))}
      </select>
    </label>
  );
}

function Notebook({ path }: { path: string }) {
  const found = review.value;
  return (
    <>
      <p class="review-path" title={path}>
        in <code>{path}</code>
      </p>
      <p class="review-outcome" role="status">
        {outcome.value}
      </p>
      <RefusalView />
      {loadProblem.value !== null && (
        <div class="review-refusal" role="alert">
          <p class="review-refusal-text">{loadProblem.value.message}</p>
          <button type="button" onClick={() => void load()}>
            Try again
          </button>
        </div>
      )}
      {found === null && loading.value && <p class="empty">Loading …</p>}
      {found !== null && <Toolbar />}
      {found !== null && found.total === 0 && <p class="empty">Nothing is left to review.</p>}
      {found !== null && found.kernel_name != null && (
        <p class="review-note">
          The kernel <code>{found.kernel_name}</code> was chosen too, which no revert takes back.
        </p>
      )}
      {found !== null && found.total > 0 && (
        <>
          <ChangeList changes={found.changes} count={found.change_count} />
          <Cells cells={found.cells} />
          {found.cells.length < found.total && (
            <button type="button" disabled={loading.value} onClick={() => void showMore()}>
              Show more of {found.total} cells
            </button>
          )}
        </>
      )}
    </>
  );
}

function Toolbar() {
  const found = review.value;
  const count = found?.total ?? 0;
  const all = { change_ids: found?.changes.map((one) => one.change_id) ?? [] };
  // Where not all changes are named, all that is left is meant.
  const named = found !== null && found.changes.length === found.change_count ? all : {};
  const name = count === 1 ? "1 cell" : `all ${count} cells`;
  const undo = lastAction.value;
  const lastRevert = found?.last_revert ?? null;
  return (
    <div class="review-toolbar" role="toolbar" aria-label="Review">
      <button type="button" disabled={busy.value || count === 0} onClick={() => void acceptThat(name, named)}>
        Accept all
      </button>
      <button type="button" disabled={busy.value || count === 0} onClick={() => void revertThat(name, named)}>
        Revert all
      </button>
      {undo !== null ? (
        <button type="button" disabled={busy.value} onClick={() => void undo.undo()} title={undo.label}>
          Undo
        </button>
      ) : (
        lastRevert !== null && (
          <button type="button" disabled={busy.value} onClick={() => void undoThat(lastRevert)}>
            Undo last revert
          </button>
        )
      )}
      <span class="review-space" />
      <button
        type="button"
        aria-pressed={view.value === "split"}
        onClick={() => chooseView(view.value === "split" ? "unified" : "split")}
      >
        Side by side
      </button>
    </div>
  );
}

function Cells({ cells }: { cells: readonly ReviewedCell[] }) {
  const list = useRef<HTMLDivElement>(null);
  const at = Math.min(current.value, cells.length - 1);
  function go(to: number) {
    current.value = Math.max(0, Math.min(to, cells.length - 1));
    list.current?.querySelectorAll<HTMLElement>(".review-cell")[current.value]?.focus();
  }
  function onKeyDown(event: KeyboardEvent) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const onCell = event.target instanceof HTMLElement && event.target.classList.contains("review-cell");
    const step = { j: 1, k: -1, ...(onCell ? { ArrowDown: 1, ArrowUp: -1 } : {}) }[event.key];
    const cell = cells[at];
    if (step !== undefined) go(at + step);
    else if (onCell && cell !== undefined && !busy.value && event.key === "a") void decide(acceptCell, cell);
    else if (onCell && cell !== undefined && !busy.value && event.key === "r") void decide(revertCell, cell);
    else return;
    event.preventDefault();
  }
  /** Do it, and go on with the cell that is in its place then. */
  async function decide(action: (cell: ReviewedCell) => Promise<void>, cell: ReviewedCell) {
    await action(cell);
    go(at);
  }
  return (
    <>
      <p class="review-hint">
        <kbd>j</kbd> <kbd>k</kbd> next and previous cell, <kbd>a</kbd> accept, <kbd>r</kbd> revert
      </p>
      <div class="review-cells" ref={list} onKeyDown={onKeyDown}>
        {cells.map((cell, index) => (
          <ReviewCell
            key={cell.cell_id ?? cell.change_ids.join(" ")}
            cell={cell}
            current={index === at}
            onFocus={() => (current.value = index)}
          />
        ))}
      </div>
    </>
  );
}
