/** The notebooks in the server's folder, to go to one. */

import { computed, signal } from "@preact/signals";
import { callTool } from "../../server/client";
import { ServerProblem } from "../../server/problem";
import { notebookPath } from "../state";
import { switchNotebook } from "../switch-notebook";
import { useAttempt } from "./attempt";

const PAGE = 200;
/** Notebooks that are read of a folder; of more, the filter finds none. */
const MOST = 5_000;
const SHOWN = 50;

const paths = signal<readonly string[] | null>(null);
const total = signal(0);
const filter = signal("");
const room = signal(SHOWN);
const loading = signal(false);
const problem = signal<string | null>(null);

const found = computed(() => {
  const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
  return (paths.value ?? []).filter((path) => {
    const name = path.toLowerCase();
    return words.every((word) => name.includes(word));
  });
});

async function load(): Promise<void> {
  if (loading.value) return;
  loading.value = true;
  problem.value = null;
  try {
    const all: string[] = [];
    for (;;) {
      const answer = await callTool("list_notebooks", { scope: "workspace", start_index: all.length, limit: PAGE });
      const page = pathsOf(answer.notebooks);
      all.push(...page);
      total.value = Number(answer.total);
      if (page.length === 0 || all.length >= total.value || all.length >= MOST) break;
    }
    paths.value = all;
  } catch (error) {
    if (!(error instanceof ServerProblem)) throw error;
    problem.value = error.message;
  } finally {
    loading.value = false;
  }
}

/** The paths in a list of notebooks, which may come as a table: columns, what is the same of all, and rows. */
function pathsOf(given: unknown): string[] {
  if (Array.isArray(given)) return given.map((one) => String((one as { notebook_path: unknown }).notebook_path));
  const table = given as { columns: string[]; rows: unknown[][] };
  const at = table.columns.indexOf("notebook_path");
  return table.rows.map((row) => String(row[at]));
}

export function NotebookList() {
  return (
    <details
      class="notebooks"
      onToggle={(event) => event.currentTarget.open && paths.value === null && void load()}
    >
      <summary>Notebooks on disk{paths.value !== null && ` (${total.value})`}</summary>
      <div class="notebooks-tools">
        <label>
          <span class="unseen">Filter notebooks</span>
          <input
            type="search"
            placeholder="Filter"
            value={filter.value}
            onInput={(event) => {
              filter.value = event.currentTarget.value;
              room.value = SHOWN;
            }}
          />
        </label>
        <button type="button" disabled={loading.value} onClick={() => void load()}>
          {loading.value ? "Reading" : "Read again"}
        </button>
      </div>
      {problem.value !== null && <p role="alert">{problem.value}</p>}
      <Found />
    </details>
  );
}

function Found() {
  const attempt = useAttempt();
  if (paths.value === null) return null;
  const shown = found.value.slice(0, room.value);
  const unread = total.value - paths.value.length;
  return (
    <>
      {attempt.problem.value !== null && (
        <p class="session-problem" role="alert">
          {attempt.problem.value}
        </p>
      )}
      {shown.length === 0 && <p class="empty">No notebook{filter.value ? " fits" : " is there"}.</p>}
      <ul>
        {shown.map((path) => (
          <li key={path}>
            <button
              type="button"
              class="session-notebook"
              title={path}
              aria-pressed={path === notebookPath.value}
              disabled={attempt.busy.value}
              onClick={() => void attempt.make(() => switchNotebook(path))}
            >
              <span dir="auto">{path}</span>
            </button>
          </li>
        ))}
      </ul>
      {found.value.length > shown.length && (
        <button type="button" onClick={() => (room.value += SHOWN)}>
          Show more of {found.value.length}
        </button>
      )}
      {unread > 0 && <p class="empty">{unread} more notebooks were not read.</p>}
    </>
  );
}
