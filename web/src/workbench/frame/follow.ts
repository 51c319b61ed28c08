/** Follow mode: the frame goes where one agent goes, to its notebooks and its cells. */

import type { ActivityEvent } from "../../server/activity";
import { onActivity } from "../activity-listeners";
import { sessionKey } from "../session-key";
import { notebookPath, sessions, type CallRow, type RunRow, type SessionRow } from "../state";
import { goToNotebook } from "../switch-notebook";
import { followed, followNote, stopFollowing } from "./followed";
import { showCell, shownPath, theFrame } from "./lab-frame";
import { atWork } from "./person";

const WAITS = "Following waits while you work in JupyterLab.";

let wanted: { path: string; cellId: string | null } | null = null;
let going = false;
let soon: ReturnType<typeof setTimeout> | undefined;

/** Follow that session from now on, or none. */
export function follow(key: string | null): void {
  stopFollowing();
  wanted = null;
  clearTimeout(soon);
  if (key === null) return;
  followed.value = key;
  const row = sessions.value.find((one) => sessionKey(one) === key);
  followNote.value = `Following ${row?.client ?? "an agent"}.`;
  const current = row?.notebooks.find((one) => one.current)?.notebook_path;
  if (current !== undefined) goTo(current, null);
}

function goTo(path: string, cellId: string | null): void {
  wanted = { path, cellId };
  void catchUp();
}

/** Go to where the agent was last; what it did meanwhile is passed over. */
async function catchUp(): Promise<void> {
  if (going) return;
  going = true;
  try {
    while (wanted !== null && followed.value !== null) {
      const rest = atWork(theFrame());
      if (rest > 0) {
        followNote.value = WAITS;
        clearTimeout(soon);
        soon = setTimeout(() => void catchUp(), rest + 50);
        return;
      }
      const { path, cellId } = wanted;
      wanted = null;
      await go(path, cellId);
    }
  } finally {
    going = false;
  }
}

async function go(path: string, cellId: string | null): Promise<void> {
  const name = sessions.value.find((one) => sessionKey(one) === followed.value)?.client ?? "an agent";
  try {
    if (path !== notebookPath.value || path !== shownPath.value) await goToNotebook(path);
    if (cellId !== null) await showCell(path, cellId);
    followNote.value = `Following ${name}.`;
  } catch (error) {
    followNote.value = `Following ${name} failed: ${error instanceof Error ? error.message : "no reason given"}`;
  }
}

function heard({ name, data }: ActivityEvent): void {
  const key = followed.value;
  if (key === null) return;
  if (name === "call") {
    const row = data as unknown as CallRow;
    if (sessionKey(row) === key && row.cell_id && row.notebook_path) goTo(row.notebook_path, row.cell_id);
  } else if (name === "navigate_to_url" || name === "reload_iframe") {
    if (sessionKey(data) === key) goTo(String(data.notebook_path), null);
  } else if (name === "runs") {
    const run = (data.runs as RunRow[]).find((one) => sessionKey(one) === key && one.status === "running");
    if (run?.cell_id) goTo(run.notebook_path, run.cell_id);
  } else if (name === "sessions" || name === "activity") {
    const rows = data.sessions as SessionRow[];
    if (rows.some((one) => sessionKey(one) === key) || Number(data.session_count) > rows.length) return;
    follow(null);
    followNote.value = "The session that was followed has ended.";
  }
}

onActivity(heard);
