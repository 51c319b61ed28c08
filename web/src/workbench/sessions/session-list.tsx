/** Sessions: who, in which notebook, with which kernel, and what came last. */

import { notebookPath, sessions, type SessionRow } from "../state";

export function SessionList() {
  if (sessions.value.length === 0) return <p class="empty">No session is open.</p>;
  return (
    <ul class="sessions">
      {sessions.value.map((row) => (
        <li key={`${row.owner} ${row.session} ${row.opened}`}>
          <Session row={row} />
        </li>
      ))}
    </ul>
  );
}

function Session({ row }: { row: SessionRow }) {
  return (
    <>
      <p>
        <strong>{row.client ?? "a client without a name"}</strong> <code>{row.session}</code>{" "}
        {row.last_tool}
      </p>
      <ul>
        {row.notebooks.map((notebook) => (
          <li key={notebook.notebook_path}>
            <button
              type="button"
              aria-pressed={notebook.notebook_path === notebookPath.value}
              onClick={() => (notebookPath.value = notebook.notebook_path)}
            >
              {notebook.notebook_path}
            </button>{" "}
            <span>{notebook.kernel_state ?? "no kernel"}</span>
          </li>
        ))}
      </ul>
    </>
  );
}
