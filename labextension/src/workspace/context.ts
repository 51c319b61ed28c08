/** What the person has in front on this page, as an agent that asks gets it. */

import type { JupyterFrontEnd } from "@jupyterlab/application";
import type { Cell, MarkdownCell } from "@jupyterlab/cells";
import type { INotebookTracker, Notebook, NotebookPanel } from "@jupyterlab/notebook";
import type { Person } from "./person";

/** Of a source or a selection; the server takes twice as many. */
const CHARACTERS = 4_000;
const SELECTED_CELLS = 100;
const OTHER_TABS = 50;
/** Of the whole answer: the server takes 64 KiB, and a character may have three bytes. */
const ANSWER_CHARACTERS = 20_000;

interface Tab {
  path: string;
  unsaved: boolean;
}

export interface Context {
  tab: Tab | null;
  label: string | null;
  cell: object | null;
  selection: object | null;
  selected: object[];
  others: Tab[];
  idle_seconds: number | null;
  visible: boolean;
}

export function context(app: JupyterFrontEnd, tracker: INotebookTracker, person: Person): Context {
  const front = app.shell.currentWidget;
  const panel = tracker.find((one) => one === front) ?? null;
  const tab = panel === null ? null : tabOf(app, panel);
  const others: Tab[] = [];
  tracker.forEach((one) => {
    const other = one === panel ? null : tabOf(app, one);
    if (other !== null && others.length < OTHER_TABS) others.push(other);
  });
  const inTab = tab === null ? null : panel;
  const found: Context = {
    tab,
    label: tab === null ? (front?.title.label ?? null) : null,
    cell: inTab && activeCell(inTab),
    selection: inTab && selection(inTab),
    selected: inTab === null ? [] : selectedCells(inTab),
    others,
    idle_seconds: person.idleSeconds,
    visible: document.visibilityState === "visible",
  };
  while (others.length > 0 && JSON.stringify(found).length > ANSWER_CHARACTERS) others.pop();
  return found;
}

/** The path of a notebook of this server; null for those of other drives. */
export function localPath(app: JupyterFrontEnd, panel: NotebookPanel): string | null {
  const { contents } = app.serviceManager;
  const { path } = panel.context;
  // Collaboration gives its documents a drive of its own, of the same files.
  return ["", "RTC"].includes(contents.driveName(path)) ? contents.localPath(path) : null;
}

function tabOf(app: JupyterFrontEnd, panel: NotebookPanel): Tab | null {
  const path = localPath(app, panel);
  return path === null ? null : { path, unsaved: panel.context.model.dirty };
}

function activeCell({ content }: NotebookPanel): object | null {
  const { activeCell: cell, activeCellIndex: index } = content;
  if (cell === null) return null;
  const [source, left_out] = cut(cell.model.sharedModel.getSource());
  const rendered = cell.model.type === "markdown" && (cell as MarkdownCell).rendered;
  return { ...place(content, cell, index), cell_type: cell.model.type, source, left_out, rendered };
}

function selectedCells({ content }: NotebookPanel): object[] {
  const found = content.widgets.flatMap((cell, index) =>
    content.isSelectedOrActive(cell) ? [place(content, cell, index)] : [],
  );
  return found.length > 1 ? found.slice(0, SELECTED_CELLS) : [];
}

function place({ model }: Notebook, cell: Cell, index: number): object {
  // Below nbformat 4.5 JupyterLab makes ids up, which nobody else knows.
  const known = model !== null && (model.nbformat > 4 || model.nbformatMinor >= 5);
  return { index, id: known ? cell.model.id : null };
}

/** What is selected of what the notebook shows, else in the source of its active cell, or the cursor there. */
function selection({ node, content }: NotebookPanel): object | null {
  const shown = getSelection();
  const anchor = shown?.anchorNode ?? null;
  const at = anchor instanceof Element ? anchor : anchor?.parentElement;
  if (shown && !shown.isCollapsed && at && node.contains(at) && at.closest(".cm-editor") === null) {
    const [text, left_out] = cut(shown.toString());
    if (text !== "") return { text, left_out, lines: null };
  }
  const editor = content.activeCell?.editor;
  if (!editor || content.activeCell?.inputHidden) return null;
  const { start, end } = editor.getSelection();
  const source = editor.model.sharedModel.getSource();
  const [from, to] = [editor.getOffsetAt(start), editor.getOffsetAt(end)].sort((one, other) => one - other);
  const [text, left_out] = cut(source.slice(from, to));
  if (text === "" && content.mode !== "edit") return null;
  const [first, last] = from === editor.getOffsetAt(start) ? [start, end] : [end, start];
  return { text, left_out, lines: [first.line + 1, first.column + 1, last.line + 1, last.column + 1] };
}

function cut(text: string): [string, number] {
  const kept = text.slice(0, CHARACTERS);
  return [kept, text.length - kept.length];
}
