/**
 * The session of the page itself, in which its calls are made: one for each tab, so that what a
 * person does here is told to the agents, and their own readings stay as they are.
 */

import { callTool } from "../server/client";
import { ServerProblem } from "../server/problem";
import { keep, kept } from "../server/storage";
import { notebookPath, ownSession } from "./state";

const KEY = "jmcp.session";

ownSession.value = kept("tab", KEY);

/** A tab that was duplicated comes with what the first one keeps, and gets a session of its own. */
const tabs = new BroadcastChannel(KEY);
const TAB = `${performance.timeOrigin} ${Math.random()}`;

interface TabMessage {
  session: string;
  /** Whether it has that session. Else it asks who has. */
  held: boolean;
  from: string;
}

tabs.onmessage = ({ data: { session, held, from } }: MessageEvent<TabMessage>) => {
  if (session !== ownSession.value || from === TAB) return;
  if (held) keepOwnSession(null);
  else tabs.postMessage({ session, held: true, from: TAB });
};
if (ownSession.value !== null) tabs.postMessage({ session: ownSession.value, held: false, from: TAB });

/** Remember a session as the page's own for as long as the tab lives; null forgets it. */
export function keepOwnSession(id: string | null): void {
  ownSession.value = id;
  keep("tab", KEY, id);
}

/**
 * Make a notebook the current one of the page's own session, which is opened where there is none.
 * Returns what use_notebook says. Throws ServerProblem; nothing has changed then.
 */
export async function useInOwnSession(
  path: string,
  signal?: AbortSignal,
): Promise<Record<string, unknown>> {
  const result = await used(path, signal);
  if (typeof result.session_id === "string") keepOwnSession(result.session_id);
  notebookPath.value = path;
  return result;
}

async function used(path: string, signal?: AbortSignal): Promise<Record<string, unknown>> {
  const own = ownSession.value;
  if (own === null) return callTool("use_notebook", { notebook_path: path }, signal);
  try {
    return await callTool("use_notebook", { notebook_path: path, session_id: own }, signal);
  } catch (error) {
    if (!(error instanceof ServerProblem && isGone(error))) throw error;
    keepOwnSession(null);
    return callTool("use_notebook", { notebook_path: path }, signal);
  }
}

/** Whether a session is not there any more, so that another one has to be opened. */
export function isGone(problem: ServerProblem): boolean {
  return problem.code === "session_not_found";
}
