/** The notebook of the page's own session, as the server tells of it: also when a tool of the console, or a
 * move of its file, changed it, and when the session is over. */

import { signal } from "@preact/signals";
import type { ActivityEvent } from "../server/activity";
import { onActivity } from "./activity-listeners";
import { labUrl } from "./frame/lab-address";
import { showNotebook } from "./frame/lab-frame";
import { keepOwnSession } from "./own-session";
import { notebookPath, ownSession, type SessionRow } from "./state";
import { wentTo } from "./switch-notebook";

/** The page's session is over. The next call opens another one, for the same notebook. */
export const ownEnded = signal(false);

let seen: string | null = null;

function heard({ name, data }: ActivityEvent): void {
  if (name === "activity") labUrl.value = data.lab_url as string | null;
  if (name === "activity" || name === "sessions") look(data, name === "activity");
  const moved = name === "navigate_to_url" || name === "reload_iframe";
  if (moved && data.session_id === ownSession.value && ownSession.value !== null) {
    const path = String(data.notebook_path);
    if (!wentTo(path)) show(path);
  }
}

function look(data: ActivityEvent["data"], fresh: boolean): void {
  const own = ownSession.value;
  if (own === null) return;
  const rows = data.sessions as SessionRow[];
  const row = rows.find((one) => one.session_id === own);
  if (row !== undefined) {
    seen = own;
    ownEnded.value = false;
    const current = row.notebooks.find((one) => one.current)?.notebook_path;
    if (fresh && current !== undefined && current !== notebookPath.value) show(current);
  } else if ((fresh || seen === own) && Number(data.session_count) <= rows.length) {
    // One that was opened a moment ago may not be among the rows yet; one that was there is over.
    keepOwnSession(null);
    ownEnded.value = notebookPath.value !== null;
  }
}

function show(path: string): void {
  notebookPath.value = path;
  void showNotebook(path);
}

ownSession.subscribe((id) => {
  if (id !== null) ownEnded.value = false;
});
onActivity(heard);
