/** The cell in which a person is: it stays theirs when others move it. Yjs knows no moves; the cell is
 * removed, with its editor, and another one of its id put in. */

import type { Cell } from "@jupyterlab/cells";
import type { Notebook } from "@jupyterlab/notebook";
import type { YNotebook } from "@jupyter/ydoc";
import type { IDisposable } from "@lumino/disposable";
import type * as Y from "yjs";
import { Cursors } from "./cursors";
import { StrayKeys } from "./stray_keys";

interface Kept {
  id: string;
  mode: Notebook["mode"];
  /** Whether it had the keyboard. */
  focused: boolean;
  cursors: Cursors | null;
  /** Where it was on the screen, in pixels; null where nobody saw it. */
  top: number | null;
}

interface Gone {
  kept: Kept;
  keys: StrayKeys;
}

export class KeptCell implements IDisposable {
  private readonly cells: Y.Array<unknown>;
  private activeId: string | undefined;
  private kept: Kept | null = null;
  /** One that nobody has put in again so far. */
  private gone: Gone | null = null;
  private _isDisposed = false;

  constructor(
    private readonly notebook: Notebook,
    private readonly shared: YNotebook,
  ) {
    this.cells = shared.ydoc.getArray("cells");
    shared.ydoc.on("beforeTransaction", this.begin);
    shared.ydoc.on("beforeObserverCalls", this.keep);
    shared.ydoc.on("afterTransaction", this.changed);
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    this._isDisposed = true;
    this.gone?.keys.end();
    this.shared.ydoc.off("beforeTransaction", this.begin);
    this.shared.ydoc.off("beforeObserverCalls", this.keep);
    this.shared.ydoc.off("afterTransaction", this.changed);
  }

  /** A cell that is removed does not know its id any more. */
  private readonly begin = ({ local }: Y.Transaction): void => {
    if (!local) this.activeId = this.notebook.activeCell?.model.id;
  };

  /** The document has changed, and JupyterLab does not know it yet. */
  private readonly keep = (transaction: Y.Transaction): void => {
    if (transaction.local || !this.touched(transaction)) return;
    if (this.kept !== null || this.gone?.keys.expected) return;
    const { notebook, activeId: id } = this;
    const { activeCell: cell, mode } = notebook;
    if (cell === null || id === undefined || this.cells.toArray().includes(ymodel(cell))) return;
    const editor = mode === "edit" ? cell.editor : null;
    const focused = (editor?.host ?? cell.node).contains(document.activeElement);
    this.kept = { id, mode, focused, cursors: editor && new Cursors(editor), top: topOf(cell, notebook) };
    // In edit mode JupyterLab would give the keyboard to the cell next to it, and show that as text.
    setMode(notebook, "command");
  };

  /** The cell may still be put in again, in the same task: before that no key arrives. */
  private readonly changed = (transaction: Y.Transaction): void => {
    if (this.kept !== null) queueMicrotask(this.settle);
    else if (this.gone !== null && this.touched(transaction)) queueMicrotask(this.revive);
  };

  private touched({ changed }: Y.Transaction): boolean {
    return changed.has(this.cells as never);
  }

  private readonly settle = (): void => {
    const { kept, notebook } = this;
    this.kept = null;
    if (kept === null || this.isDisposed || notebook.isDisposed || this.restore(kept)) return;
    if (!kept.focused) return;
    notebook.activeCell?.node.focus({ preventScroll: true });
    if (kept.mode === "edit") this.gone = { kept, keys: new StrayKeys(notebook.node) };
  };

  private readonly revive = (): void => {
    const { gone } = this;
    if (gone === null || this.isDisposed || this.notebook.isDisposed) return;
    if (gone.keys.expected && !this.restore(gone.kept, gone.keys.typed)) return;
    this.gone = null;
    gone.keys.end();
  };

  /** Make the cell of that id what the other one was; false where there is none. */
  private restore({ id, mode, focused, cursors, top }: Kept, typed = ""): boolean {
    const { notebook } = this;
    const index = this.shared.cells.findIndex((cell) => cell.getId() === id);
    const cell = notebook.widgets[index];
    if (cell === undefined) return false;
    notebook.activeCellIndex = index;
    show(notebook, cell, index);
    setMode(notebook, mode);
    const editor = mode === "edit" ? cell.editor : null;
    if (editor !== null) cursors?.place(editor);
    if (focused && mode === "command") cell.node.focus({ preventScroll: true });
    else if (focused) editor?.focus();
    if (typed !== "") editor?.replaceSelection?.(typed);
    stay(notebook, cell, top);
    return true;
  }
}

/** Leave the keyboard where it is, which setting the property does not. */
function setMode(notebook: Notebook, mode: Notebook["mode"]): void {
  const open = notebook as unknown as { setMode(mode: string, options: { focus: boolean }): void };
  open.setMode(mode, { focus: false });
}

function ymodel(cell: Cell): unknown {
  return (cell.model.sharedModel as unknown as { ymodel: unknown }).ymodel;
}

function topOf(cell: Cell, { outerNode }: Notebook): number | null {
  const { top, bottom } = cell.node.getBoundingClientRect();
  const seen = outerNode.getBoundingClientRect();
  return bottom > seen.top && top < seen.bottom ? top : null;
}

/** Have the cell in the page, and its editor made: JupyterLab does that later, when it has time. */
function show(notebook: Notebook, cell: Cell, index: number): void {
  const { layout } = notebook;
  const shown = new Set(layout.widgets);
  if (!notebook.isAttached || shown.has(cell)) return;
  cell.node.dataset.windowedListIndex = `${index}`;
  layout.insertWidget(notebook.widgets.slice(0, index).filter((above) => shown.has(above)).length, cell);
}

/** Keep the cell at its place on the screen, where it has one. */
function stay(notebook: Notebook, cell: Cell, top: number | null): void {
  if (notebook.notebookConfig.windowingMode === "full") {
    // JupyterLab places the cells itself in a moment, and knows this one if it does so from the start; the
    // active one it leaves in the page, with the keyboard.
    notebook.layout.removeWidget(cell);
  } else if (top !== null) {
    notebook.outerNode.scrollTop += cell.node.getBoundingClientRect().top - top;
  }
}
