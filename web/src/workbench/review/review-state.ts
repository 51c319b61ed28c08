/** What is left to review in the notebook that the page is at, and what a person does about it. */

import { computed, effect, signal, untracked } from "@preact/signals";
import { api, type Schemas } from "../../server/client";
import { ServerProblem } from "../../server/problem";
import { followed } from "../frame/followed";
import { isGone, useInOwnSession } from "../own-session";
import { sessionKey } from "../session-key";
import { calls, connection, notebookPath, ownSession, sessions, type CallRow } from "../state";
import { switchNotebook } from "../switch-notebook";

export type Review = Schemas["Review"];
export type ReviewedCell = Schemas["ReviewedCell"];

/** Whose changes are shown: a session's id; null: those of all others of this person. */
export const reviewedSession = signal<string | null>(null);
export const review = signal<Review | null>(null);
/** Why nothing, or not the latest, is shown. */
export const loadProblem = signal<ServerProblem | null>(null);
export const loading = signal(false);
/** The number of cells that are left to review; null where that is not known. */
export const unreviewed = computed(() => review.value?.total ?? null);
/** Other sessions of the same person whose changes can be looked at alone. */
export const otherSessions = computed(() =>
  sessions.value.filter((row) => row.session_id != null && row.session_id !== ownSession.value),
);

/** The notebook that is reviewed: the one the page is at, after a reload that of its own session. */
export const reviewedPath = computed(() => {
  if (notebookPath.value !== null) return notebookPath.value;
  const own = sessions.value.find((row) => row.session_id != null && row.session_id === ownSession.value);
  return own?.notebooks.find((one) => one.current)?.notebook_path ?? null;
});

/** Tools that change no notebook: what they do is no reason to look again. */
const READS = /^(read|list|get|search|review|diff|debug|validate|cite|complete)_/;
/** Calls come in bursts; one look at their end is enough. */
const SETTLE_MS = 300;
const SHOWN_CELLS = 50;

/** Cells that are asked for: a page more each time the person wants more. */
const asked = signal(SHOWN_CELLS);
let timer: ReturnType<typeof setTimeout> | undefined;
let running: AbortController | null = null;

/** Look again at once. Never throws: what went wrong is in `loadProblem`. */
export async function load(): Promise<void> {
  clearTimeout(timer);
  const path = reviewedPath.value;
  running?.abort();
  running = null;
  if (path === null) {
    review.value = null;
    return;
  }
  const mine = new AbortController();
  running = mine;
  loading.value = true;
  try {
    const found = await pages(path, mine.signal);
    if (mine.signal.aborted) return;
    review.value = found;
    loadProblem.value = null;
  } catch (error) {
    if (mine.signal.aborted) return;
    if (!(error instanceof ServerProblem)) throw error;
    if (isGone(error) && reviewedSession.value !== null) {
      // Of a session that is over and has changed nothing here.
      reviewedSession.value = null;
      return;
    }
    loadProblem.value = error;
  } finally {
    if (running === mine) {
      running = null;
      loading.value = false;
    }
  }
}

/** As many cells as were asked for, which may be several pages of the server's. */
async function pages(path: string, stop: AbortSignal): Promise<Review> {
  const first = await page(path, 0, stop);
  const cells = [...first.cells];
  let more = first.more != null;
  while (more && cells.length < asked.peek()) {
    const next = await page(path, cells.length, stop);
    cells.push(...next.cells);
    more = next.more != null && next.cells.length > 0;
  }
  return { ...first, cells };
}

function page(path: string, start: number, stop: AbortSignal): Promise<Review> {
  return inOwnSession(path, stop, async (session_id) => {
    const query = { ...of(), notebook_path: path, start_index: start, limit: asked.peek() - start };
    const answer = await api.GET("/jmcp/v1/sessions/{session_id}/review", {
      params: { path: { session_id }, query },
      signal: stop,
    });
    return answer.data as Review;
  });
}

export async function showMore(): Promise<void> {
  asked.value += SHOWN_CELLS;
  await load();
}

/** Choose whose changes are shown; the page goes to the notebook where that session is. */
export async function chooseSession(id: string | null): Promise<void> {
  reviewedSession.value = id;
  const row = sessions.value.find((one) => one.session_id === id);
  const current = row?.notebooks.find((one) => one.current) ?? row?.notebooks[0];
  if (current !== undefined && current.notebook_path !== reviewedPath.value) {
    try {
      await switchNotebook(current.notebook_path);
    } catch (error) {
      if (!(error instanceof ServerProblem)) throw error;
      loadProblem.value = error;
    }
  }
}

/** What an action is about: changes, cells, or changes in cells; without either, all that is shown. */
export interface Asked {
  change_ids?: string[];
  cell_ids?: string[];
}

export async function accept(what: Asked): Promise<Schemas["AcceptedChanges"]> {
  return act(async (session_id, path) => {
    const body = { ...of(), ...what };
    const params = here(session_id, path);
    const answer = await api.POST("/jmcp/v1/sessions/{session_id}/review/acceptance", { params, body });
    return answer.data as Schemas["AcceptedChanges"];
  });
}

export async function withdraw(acceptance: string): Promise<void> {
  await act(async (session_id, path) => {
    const body = { ...of(), withdraw: acceptance };
    const params = here(session_id, path);
    await api.POST("/jmcp/v1/sessions/{session_id}/review/acceptance", { params, body });
  });
}

export async function revert(what: Asked, force: boolean): Promise<Schemas["RevertedChanges"]> {
  return act(async (session_id, path) => {
    const body = { ...of(), ...what, force };
    const params = here(session_id, path);
    const answer = await api.POST("/jmcp/v1/sessions/{session_id}/review/revert", { params, body });
    return answer.data as Schemas["RevertedChanges"];
  });
}

/** Make again what a revert took back. */
export async function undoRevert(changeId: string): Promise<void> {
  await act(async (session_id, path) => {
    const body = { change_id: changeId };
    await api.POST("/jmcp/v1/sessions/{session_id}/undo", { params: here(session_id, path), body });
  });
}

function here(session_id: string, path: string) {
  return { path: { session_id }, query: { notebook_path: path } };
}

function of(): { of_session_id?: string } {
  return reviewedSession.value === null ? {} : { of_session_id: reviewedSession.value };
}

async function act<T>(action: (session: string, path: string) => Promise<T>): Promise<T> {
  const path = reviewedPath.value;
  if (path === null) throw new ServerProblem({ status: 0, detail: "No notebook is chosen." });
  try {
    return await inOwnSession(path, undefined, (session) => action(session, path));
  } finally {
    await load();
  }
}

/** Do something in the page's own session, which is opened, or takes up the notebook, where it must. */
async function inOwnSession<T>(
  path: string,
  stop: AbortSignal | undefined,
  action: (session: string) => Promise<T>,
): Promise<T> {
  const own = ownSession.value;
  if (own !== null) {
    try {
      return await action(own);
    } catch (error) {
      if (!(error instanceof ServerProblem && (isGone(error) || error.code === "notebook_not_open"))) throw error;
    }
  }
  await useInOwnSession(path, stop);
  return action(ownSession.value ?? "");
}

/** Look again whenever a call may have changed the notebook that is shown; until the result is called. */
export function followChanges(): () => void {
  let seen: CallRow | undefined = calls.value[0];
  // What it reads is no reason to look again.
  const again = () => untracked(() => void load());
  const stops = [
    effect(() => {
      void [reviewedPath.value, reviewedSession.value];
      asked.value = SHOWN_CELLS;
      review.value = null;
      loadProblem.value = null;
      again();
    }),
    effect(() => {
      const path = reviewedPath.peek();
      const all = calls.value;
      const last = seen;
      seen = all[0];
      for (const call of all) {
        if (call === last) return;
        if (call.outcome !== "ok" || READS.test(call.tool)) continue;
        if (call.notebook_path != null && call.notebook_path !== path) continue;
        clearTimeout(timer);
        timer = setTimeout(again, SETTLE_MS);
        return;
      }
    }),
    effect(() => {
      if (connection.value === "live") again();
    }),
    effect(() => {
      // Who is followed is who is reviewed, until the person chooses somebody else.
      const key = followed.value;
      if (key === null) return;
      const row = sessions.peek().find((one) => sessionKey(one) === key);
      if (row?.session_id != null) reviewedSession.value = row.session_id;
    }),
  ];
  return () => {
    clearTimeout(timer);
    running?.abort();
    for (const stop of stops) stop();
  };
}
