/**
 * The one way in which the page goes to another notebook: the page's own session first, which decides what calls
 * hit, then what is shown. Where the first fails nothing has changed; where the second does, `frameProblem` says
 * so, beside a label that says what calls hit.
 */

import { ServerProblem } from "../server/problem";
import { callTool } from "../server/client";
import { useInOwnSession } from "./own-session";
import { ownSession, sessions } from "./state";
import { stopFollowing } from "./frame/followed";
import { showNotebook } from "./frame/lab-frame";

/** For so long what the stream tells of the page's own switches is known already. */
const KNOWN_MS = 3_000;

/** Notebooks that the page's session holds at once; a server allows a session only so many. */
const HELD = 8;

const lately = new Map<string, number>();
let queue: Promise<unknown> = Promise.resolve();
let latest = 0;

/** Go to a notebook that the person chose, and follow nobody any more. Throws as goToNotebook. */
export async function switchNotebook(path: string, signal?: AbortSignal): Promise<void> {
  stopFollowing();
  await goToNotebook(path, signal);
}

/** Go to a notebook. Throws ServerProblem; the page stays where it is then. Of several that are asked for at
 * once the last one counts. */
export async function goToNotebook(path: string, signal?: AbortSignal): Promise<void> {
  latest += 1;
  const number = latest;
  const before = queue;
  const mine = before.then(async () => {
    if (number !== latest) throw new ServerProblem({ status: 0, detail: "Another notebook was chosen meanwhile." });
    lately.set(path, performance.now());
    await useInOwnSession(path, signal);
    lately.set(path, performance.now());
    await showNotebook(path);
    void releaseOldest(path);
  });
  queue = mine.catch(() => undefined);
  await mine;
}

/** Whether the page itself went there a moment ago. */
export function wentTo(path: string): boolean {
  const at = lately.get(path);
  for (const [one, when] of lately) if (performance.now() - when > KNOWN_MS) lately.delete(one);
  return at !== undefined && performance.now() - at <= KNOWN_MS;
}

/** Let go of what the page went to long ago; kernels go on. That it cannot is no matter. */
async function releaseOldest(path: string): Promise<void> {
  const own = ownSession.value;
  const held = sessions.value.find((row) => own !== null && row.session_id === own)?.notebooks ?? [];
  const oldest = held.find((one) => one.notebook_path !== path);
  if (own === null || held.length < HELD || oldest === undefined) return;
  const args = { session_id: own, notebook_path: oldest.notebook_path, kernel: "keep" };
  await callTool("unuse_notebook", args).catch(() => undefined);
}
