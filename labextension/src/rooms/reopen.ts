/** Opens a notebook anew in its tabs, as they were: the same place, cell, cursor and scroll position. */

import type { JupyterFrontEnd } from "@jupyterlab/application";
import type { CodeEditor } from "@jupyterlab/codeeditor";
import type { IDocumentManager } from "@jupyterlab/docmanager";
import type { NotebookPanel } from "@jupyterlab/notebook";
import { UUID } from "@lumino/coreutils";
import { Widget } from "@lumino/widgets";

interface View {
  cellId: string | null;
  cellIndex: number;
  mode: "command" | "edit";
  cursor: CodeEditor.IPosition | null;
  scroll: number;
  focused: boolean;
}

/** Dispose of the tabs and their document, without a word, and open `path` where they were. */
export function reopen(app: JupyterFrontEnd, documents: IDocumentManager, panels: NotebookPanel[], path: string): void {
  const places = panels.map((panel) => ({ view: viewOf(panel), place: hold(app, panel) }));
  // All of them, before one is opened: tabs of one path share the document that is there.
  for (const panel of panels) panel.dispose();
  for (const { view, place } of places) {
    const ref = place?.id ?? "_noref"; // Notebook opens a window of its own without it
    const options = { ref, mode: "tab-before" as const, activate: view.focused };
    const opened = documents.open(path, "Notebook", undefined, options) as NotebookPanel | undefined;
    place?.dispose();
    if (opened !== undefined) void opened.context.ready.then(() => restore(opened, view));
  }
}

/** Something that keeps a tab's place in JupyterLab; Notebook has one place, and no need of it. */
function hold(app: JupyterFrontEnd, panel: NotebookPanel): Widget | null {
  if (!("layoutModified" in app.shell)) return null;
  const place = new Widget();
  place.id = `jmcp-place-${UUID.uuid4()}`;
  app.shell.add(place, "main", { ref: panel.id, mode: "tab-after", activate: false });
  return place;
}

function viewOf(panel: NotebookPanel): View {
  const { activeCell, activeCellIndex, mode, node } = panel.content;
  return {
    cellId: activeCell?.model.id ?? null,
    cellIndex: activeCellIndex,
    mode,
    cursor: activeCell?.editor?.getCursorPosition() ?? null,
    scroll: scrollerOf(node).scrollTop,
    focused: panel.node.contains(document.activeElement),
  };
}

async function restore(panel: NotebookPanel, view: View): Promise<void> {
  await panel.revealed;
  const { content } = panel;
  const found = content.widgets.findIndex(({ model }) => model.id === view.cellId);
  content.activeCellIndex = found < 0 ? view.cellIndex : found;
  await content.activeCell?.ready;
  if (panel.isDisposed) return;
  if (view.cursor !== null) content.activeCell?.editor?.setCursorPosition(view.cursor);
  if (view.focused) {
    content.activate();
    content.mode = view.mode;
  }
  scrollerOf(content.node).scrollTop = view.scroll;
}

/** What scrolls of a notebook: with a windowed list of cells it is an element inside. */
function scrollerOf(node: HTMLElement): HTMLElement {
  return node.querySelector<HTMLElement>(".jp-WindowedPanel-outer") ?? node;
}
