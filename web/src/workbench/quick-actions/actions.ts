/** What each button of the quick actions does. Each throws ServerProblem where it fails. */

import { moreOf } from "../console/call-view";
import { runTool, type PageCall } from "../console/calls";
import { loadTools, tools, toolsProblem } from "../console/tools";
import { ServerProblem } from "../../server/problem";
import type { ToolResult } from "../../server/tool-stream";
import { notebookPath, ownSession } from "../state";
import { switchNotebook } from "../switch-notebook";

/** What an action did, and the result that tells. */
export interface Done {
  readonly text: string;
  readonly result?: ToolResult;
  /** The call succeeded, and what it ran did not. */
  readonly failed?: boolean;
  /** Reads on where the result had no room. */
  readonly more?: Action;
}
export type OnCall = (call: PageCall) => void;
export type Action = (onCall: OnCall) => Promise<Done>;

/** The notebook of servers that were started with no other: of the default of `--document-id`. */
const DEFAULT_NOTEBOOK = "notebook.ipynb";
const LAST_CELLS = 50;
const NO_NOTEBOOK = "No notebook is chosen. Create or switch to one here, or choose one under Sessions.";
const EXECUTE_SECONDS = 30;
const PROGRESS_SECONDS = 60;

/** The first notebook that this page was in, to which "default" goes back. */
let first: string | null = null;
notebookPath.subscribe((path) => {
  if (first === null && path !== null && !path.startsWith("conversations/")) first = path;
});

export function defaultNotebook(): string {
  return first ?? DEFAULT_NOTEBOOK;
}

/** Call a tool on the notebook that the page is in. */
async function call(onCall: OnCall, tool: string, args: Record<string, unknown> = {}): Promise<ToolResult> {
  if (notebookPath.value === null && ownSession.value === null) {
    throw new ServerProblem({ status: 0, code: "no_notebook", detail: NO_NOTEBOOK });
  }
  return ask(onCall, tool, args);
}

async function ask(onCall: OnCall, tool: string, args: Record<string, unknown>): Promise<ToolResult> {
  const ended = await runTool(tool, args, { inOwnSession: true, onChange: onCall });
  if (ended.problem) throw ended.problem;
  if (ended.result === undefined) throw new Cancelled();
  return ended.result;
}

/** The person waits no longer. */
export class Cancelled extends Error {
  constructor() {
    super("Cancelled. A cell that runs goes on; interrupt_kernel ends it.");
  }
}

export function createAnalysis(number: number): Action {
  return async (onCall) => {
    const made = await ask(onCall, "create_conversation_notebook", {
      conversation_id: conversation(number),
      title: `Analysis ${number}`,
    });
    const path = String(made.result.notebook_path);
    await switchNotebook(path);
    const created = made.result.opening === "created";
    return { text: created ? `Created ${path}` : `${path} was there already: opened as it is`, result: made };
  };
}

export function switchToAnalysis(number: number): Action {
  return switchTo(() => `conversations/${conversation(number)}.ipynb`);
}

function conversation(number: number): string {
  return `analysis_${number}`;
}

export function switchTo(path: () => string): Action {
  return async () => {
    await switchNotebook(path());
    return { text: `Calls now hit ${path()}` };
  };
}

export function addMarkdown(source: string): Action {
  return async (onCall) => {
    const result = await call(onCall, "append_markdown_cell", { cell_source: source });
    return { text: `Added markdown cell ${String(result.result.cell_index)}`, result };
  };
}

export function addCode(source: string): Action {
  return async (onCall) => {
    const result = await call(onCall, "append_code_cell", { cell_source: source });
    return { text: `Added code cell ${String(result.result.cell_index)}`, result };
  };
}

export function addAndExecute(source: string): Action {
  return async (onCall) => executed(await call(onCall, "append_execute_code_cell", { cell_source: source }));
}

export const notebookInfo: Action = async (onCall) => {
  const result = await call(onCall, "get_notebook_info");
  return { text: `Notebook info: ${String(result.result.total_cells)} cells`, result };
};

export function readAllCells(start_index = 0): Action {
  return async (onCall) => {
    const result = await call(onCall, "read_all_cells", { start_index });
    const cells = result.result.result;
    const more = moreOf(result.result);
    const text = `Read ${Array.isArray(cells) ? cells.length : 0} cells${more ? `, ${more.count} more` : ""}`;
    return { text, result, ...(more ? { more: readAllCells(more.start_index) } : {}) };
  };
}

export const debugContext: Action = async (onCall) => {
  const result = await ask(onCall, "debug_connection_status", {});
  const problems = result.result.problems;
  const count = Array.isArray(problems) ? problems.length : 0;
  return { text: count === 0 ? "Connection status: no problem" : `Connection status: ${count} problems`, result };
};

export const listTools: Action = async () => {
  await loadTools();
  if (toolsProblem.value) throw toolsProblem.value;
  const rows = tools.value.map(({ name, title }) => ({ name, title }));
  return {
    text: `${rows.length} tools`,
    result: { result: { tools: rows }, text: rows.map(({ name, title }) => `${name}: ${title}`).join("\n") },
  };
};

export const executeLastCell: Action = async (onCall) => {
  const cell = await lastCodeCell(onCall);
  const args = { ...cell, timeout_seconds: EXECUTE_SECONDS };
  return executed(await call(onCall, "execute_cell_simple_timeout", args));
};

export const executeWithProgress: Action = async (onCall) => {
  const cell = await lastCodeCell(onCall);
  const args = { ...cell, timeout_seconds: PROGRESS_SECONDS };
  return executed(await call(onCall, "execute_cell_with_progress", args));
};

/** The arguments that name the last code cell: by its id, or by its place where it has none. */
async function lastCodeCell(onCall: OnCall): Promise<{ cell_id: string } | { cell_index: number }> {
  const { result: info } = await call(onCall, "get_notebook_info");
  const start_index = Math.max(0, Number(info.total_cells) - LAST_CELLS);
  const { result } = await call(onCall, "read_notebook", { start_index, limit: LAST_CELLS });
  // A column that says the same of all cells, which is what it is by default, is left out.
  const { columns, rows } = result.cells as { columns: string[]; rows: unknown[][] };
  const column = (row: unknown[], name: string) => row[columns.indexOf(name)];
  const row = rows.findLast((cells) => (column(cells, "cell_type") ?? "code") === "code");
  if (row === undefined) {
    throw new ServerProblem({ status: 0, code: "no_code_cell", detail: NO_CODE_CELL });
  }
  const id = column(row, "cell_id");
  return typeof id === "string" ? { cell_id: id } : { cell_index: Number(column(row, "cell_index")) };
}

const NO_CODE_CELL = `None of the last ${LAST_CELLS} cells is a code cell. Add one, or run another with execute_cell.`;

function executed(result: ToolResult): Done {
  const { error, cell_index } = result.result as { error?: { message?: string } | null; cell_index?: number };
  const cell = cell_index === undefined ? "the last code cell" : `cell ${cell_index}`;
  if (!error) return { text: `Executed ${cell}`, result };
  return { text: `Executed ${cell}, which failed: ${error.message ?? "an error"}`, failed: true, result };
}
