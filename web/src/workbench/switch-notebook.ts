/** The one way in which the page goes to another notebook: the page's own session and what is shown. */

import { useInOwnSession } from "./own-session";

/** Go to a notebook. Throws ServerProblem; the page stays where it is then. */
export async function switchNotebook(path: string, signal?: AbortSignal): Promise<void> {
  await useInOwnSession(path, signal);
}
