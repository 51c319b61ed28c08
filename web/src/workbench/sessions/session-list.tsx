/** Sessions, and the notebooks on disk: what the page can go to. */

import { connection } from "../state";
import { NotebookList } from "./notebook-list";
import { SessionCard } from "./session-card";
import { sessionCount, shownSessions } from "./session-store";
import "./sessions.css";

export function SessionList() {
  const shown = shownSessions.value;
  const more = sessionCount.value - shown.length;
  return (
    <>
      {shown.length === 0 && connection.value !== "connecting" && <p class="empty">No session is open.</p>}
      <ul class="sessions">
        {shown.map((session) => (
          <li key={session.key}>
            <SessionCard session={session} />
          </li>
        ))}
      </ul>
      {more > 0 && <p class="empty">{more} more sessions, used longer ago, are not shown.</p>}
      <NotebookList />
    </>
  );
}
