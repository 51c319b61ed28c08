/** What the person did last, what came of it, and how it is taken back. */

import { signal } from "@preact/signals";
import { ServerProblem } from "../../server/problem";
import { accept, revert, undoRevert, withdraw, type Asked } from "./review-state";

/** Why something was refused; `force` does it all the same, where that can be done. */
export interface Refusal {
  readonly problem: ServerProblem;
  readonly force: (() => Promise<void>) | null;
}

export const outcome = signal("");
export const refusal = signal<Refusal | null>(null);
export const busy = signal(false);
/** Takes the last action back. */
export const lastAction = signal<{ readonly label: string; readonly undo: () => Promise<void> } | null>(null);

/** `name` says what it is about, as in "cell 3". */
export function acceptThat(name: string, what: Asked): Promise<void> {
  return act(async () => {
    const done = await accept(what);
    outcome.value = `Accepted ${name}. ${leftOf(done.left)}`;
    lastAction.value = {
      label: `Undo: accept ${name}`,
      undo: () =>
        act(async () => {
          await withdraw(done.acceptance_id);
          outcome.value = `To be reviewed again: ${name}.`;
        }),
    };
  });
}

export function revertThat(name: string, what: Asked, force = false): Promise<void> {
  return act(
    async () => {
      const done = await revert(what, force);
      outcome.value = `Reverted ${name}. ${leftOf(done.left)}`;
      const changeId = done.change_id;
      lastAction.value = changeId == null ? null : { label: `Undo: revert ${name}`, undo: () => undoThat(changeId) };
    },
    force ? null : () => revertThat(name, what, true),
  );
}

export function undoThat(changeId: string): Promise<void> {
  return act(async () => {
    await undoRevert(changeId);
    outcome.value = "The revert is undone. What it took back is there again, to be reviewed.";
  });
}

async function act(action: () => Promise<void>, force: (() => Promise<void>) | null = null): Promise<void> {
  busy.value = true;
  refusal.value = null;
  outcome.value = "";
  const before = lastAction.value;
  lastAction.value = null;
  try {
    await action();
  } catch (error) {
    if (!(error instanceof ServerProblem)) throw error;
    refusal.value = { problem: error, force: error.code === "cell_changed" ? force : null };
    lastAction.value = before;
  } finally {
    busy.value = false;
  }
}

function leftOf(count: number): string {
  return count === 0 ? "Nothing is left to review." : `${count} ${count === 1 ? "cell is" : "cells are"} left.`;
}
