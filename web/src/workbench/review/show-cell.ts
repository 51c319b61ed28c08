/** A cell of the review, in JupyterLab. */

import { effect } from "@preact/signals";
import { ServerProblem } from "../../server/problem";
import { frameState, showCell, shownPath } from "../frame/lab-frame";
import { shownHalf } from "../split";
import { frameHidden, notebookPath } from "../state";
import { switchNotebook } from "../switch-notebook";
import { refusal } from "./actions";
import { reviewedPath, type ReviewedCell } from "./review-state";

export async function showInNotebook(cell: ReviewedCell): Promise<void> {
  const path = reviewedPath.value;
  if (path === null) return;
  frameHidden.value = false;
  shownHalf.value = "JupyterLab";
  try {
    if (path !== notebookPath.value || path !== shownPath.value) await switchNotebook(path);
    await started();
    await showCell(path, cell.cell_id ?? null);
  } catch (error) {
    if (!(error instanceof ServerProblem)) throw error;
    refusal.value = { problem: error, force: null };
  }
}

/** JupyterLab starts for some seconds, in which it is told nothing. */
function started(): Promise<void> {
  return new Promise((resolve) => {
    const stop = effect(() => {
      if (frameState.value === "loading") return;
      queueMicrotask(() => stop());
      resolve();
    });
  });
}
