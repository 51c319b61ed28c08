/** The notebooks that are open on this page, and their cells. */

import type { JupyterFrontEnd } from "@jupyterlab/application";
import type { Cell } from "@jupyterlab/cells";
import type { INotebookTracker, NotebookPanel } from "@jupyterlab/notebook";

const OPENED_MS = 10_000;
const HIGHLIGHT_MS = 2_500;
const HIGHLIGHT = "jmcp-mod-shown";

export interface Place {
  panel: NotebookPanel;
  cell: Cell;
  index: number;
}

export class Cells {
  constructor(
    private readonly app: JupyterFrontEnd,
    private readonly tracker: INotebookTracker,
  ) {}

  /** The tabs of that notebook, the one in front first. */
  panels(path: string): NotebookPanel[] {
    const { contents } = this.app.serviceManager;
    const found: NotebookPanel[] = [];
    this.tracker.forEach((panel) => {
      if (!panel.isDisposed && contents.localPath(panel.context.path) === path) found.push(panel);
    });
    return found.sort((one, other) => Number(other.isVisible) - Number(one.isVisible));
  }

  /** Where that cell is on this page; also one outside of the window, of which no element is shown. */
  find(path: string, cellId: string): Place[] {
    return this.panels(path).flatMap((panel) => {
      const index = panel.content.widgets.findIndex((one) => one.model?.id === cellId);
      const cell = panel.content.widgets[index];
      return cell === undefined ? [] : [{ panel, cell, index }];
    });
  }

  /** Bring a notebook to the front, opened if need be, scroll to a cell of it and highlight that. The
   * person's selection stays. Throws an Error with a sentence for the person. */
  async show(path: string, cellId: string | null): Promise<void> {
    if (this.panels(path).length === 0) {
      await this.app.commands.execute("docmanager:open", { path });
    }
    const panel = await this.opened(path);
    if (panel === null) {
      if (this.app.name !== "JupyterLab") return; // Notebook opens a page of its own for it
      throw new Error(`${path} did not open.`);
    }
    await panel.revealed;
    this.app.shell.activateById(panel.id);
    if (cellId === null) return;
    const place = this.find(path, cellId)[0];
    if (place === undefined) throw new Error("That cell is not in the notebook any more.");
    await bring(place);
    mark(place);
  }

  private async opened(path: string): Promise<NotebookPanel | null> {
    const found = this.panels(path)[0];
    if (found !== undefined || this.app.name !== "JupyterLab") return found ?? null;
    return new Promise((resolve) => {
      const settle = (panel: NotebookPanel | null): void => {
        clearTimeout(timer);
        this.tracker.widgetAdded.disconnect(added);
        resolve(panel);
      };
      const added = (): void => {
        const panel = this.panels(path)[0];
        if (panel !== undefined) settle(panel);
      };
      const timer = setTimeout(() => settle(null), OPENED_MS);
      this.tracker.widgetAdded.connect(added);
    });
  }
}

/** Scroll to a cell. */
export async function bring({ panel, cell }: Place): Promise<void> {
  const index = panel.content.widgets.indexOf(cell); // others may have inserted some meanwhile
  if (index < 0) return;
  // Rejects when something else scrolls meanwhile; then the person is on the way elsewhere.
  await panel.content.scrollToItem(index, "center").catch(() => undefined);
}

/** Highlight a cell for a moment. */
export function mark({ cell }: Place): void {
  cell.node.classList.add(HIGHLIGHT);
  setTimeout(() => cell.node.classList.remove(HIGHLIGHT), HIGHLIGHT_MS);
}
