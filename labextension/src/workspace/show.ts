/** Shows a notebook or a cell of it, without taking the keyboard from the person. */

import type { JupyterFrontEnd } from "@jupyterlab/application";
import type { IDocumentManager } from "@jupyterlab/docmanager";
import type { NotebookPanel } from "@jupyterlab/notebook";
import { MessageLoop, type Message } from "@lumino/messaging";
import { DockPanel } from "@lumino/widgets";
import { bring, mark, type Cells, type Place } from "../cells";
import type { Person } from "./person";

/** A cell that was just inserted may be on its way to this page. */
const ARRIVES_MS = 2_000;
/** A notebook is still drawn after it was opened: cells above grow and push others away. */
const AGAIN_MS = [600, 1_800] as const;

export interface Wanted {
  path: string;
  cellId: string | null;
  cellIndex: number | null;
}

export interface Shown {
  opened: boolean;
  in_front: boolean;
  scrolled: boolean;
  visible: boolean;
}

export class Stage {
  private asked = 0;

  constructor(
    private readonly app: JupyterFrontEnd,
    private readonly documents: IDocumentManager,
    private readonly cells: Cells,
    private readonly person: Person,
  ) {}

  /**
   * Show it. `heed`: nothing is moved under the hands of a person who is at work on the page. A word says why
   * it is not shown. Throws what JupyterLab says of a notebook that does not open.
   */
  async show({ path, cellId, cellIndex }: Wanted, heed = true): Promise<Shown | "elsewhere" | "no_cell"> {
    const number = ++this.asked;
    let panel = this.cells.panels(path)[0];
    const opened = panel === undefined;
    if (panel === undefined) {
      if (this.app.name !== "JupyterLab") return "elsewhere";
      panel = this.openBehind(path);
      if (panel === undefined) throw new Error(`${path} does not open.`);
    }
    if (!panel.isVisible && !(heed && this.person.atWorkBeside(panel.node))) toFront(panel);
    await panel.context.ready;
    const answer = { opened, in_front: panel.isVisible, visible: document.visibilityState === "visible" };
    if (cellId === null && cellIndex === null) return { ...answer, scrolled: false };
    const place = await this.arrived(panel, cellId, cellIndex);
    if (place === null) return "no_cell";
    if (!panel.isVisible) {
      onceShown(panel, () => {
        if (number === this.asked) void bring(place).then(() => mark(place));
      });
      return { ...answer, scrolled: false };
    }
    const calm = (): boolean => !this.person.atWorkIn(place.panel.node);
    const scrolled = !heed || calm();
    if (scrolled) await bring(place);
    mark(place);
    for (const wait of opened && scrolled ? AGAIN_MS : []) {
      setTimeout(() => {
        if (number === this.asked && !place.cell.isDisposed && calm()) void bring(place);
      }, wait);
    }
    return { ...answer, scrolled };
  }

  /** Open it in a tab that is not brought to the front: JupyterLab 4.4 activates it, whatever it is told. */
  private openBehind(path: string): NotebookPanel | undefined {
    const shell = this.app.shell as unknown as Record<string, unknown>;
    const before = Object.getOwnPropertyDescriptor(shell, "activateById");
    shell["activateById"] = () => undefined;
    try {
      const options = { activate: false };
      return this.documents.openOrReveal(path, "default", undefined, options) as NotebookPanel | undefined;
    } finally {
      if (before === undefined) delete shell["activateById"];
      else Object.defineProperty(shell, "activateById", before);
    }
  }

  /** The cell, once the notebook has it; null where it does not come. */
  private async arrived(panel: NotebookPanel, id: string | null, index: number | null): Promise<Place | null> {
    const found = (): Place | null => {
      const { widgets } = panel.content;
      const byId = id === null ? -1 : widgets.findIndex((one) => one.model?.id === id);
      const at = id === null ? (index ?? -1) : byId;
      const cell = widgets[at];
      return cell === undefined ? null : { panel, cell, index: at };
    };
    const { model } = panel.content;
    if (found() !== null || model === null) return found();
    return new Promise((resolve) => {
      const look = (): void => {
        // The widget of a cell is made after its model.
        queueMicrotask(() => (found() === null ? undefined : settle()));
      };
      const settle = (): void => {
        clearTimeout(timer);
        model.cells.changed.disconnect(look);
        resolve(found());
      };
      const timer = setTimeout(settle, ARRIVES_MS);
      model.cells.changed.connect(look);
    });
  }
}

/**
 * Bring a tab to the front, so that menus are about it. Unlike the shell's activation this leaves the keyboard
 * where it is: what the person types next must not be commands to another notebook. What is current JupyterLab
 * knows by events of the focus, so it gets these alone.
 */
function toFront(panel: NotebookPanel): void {
  for (let parent = panel.parent; parent !== null; parent = parent.parent) {
    if (!(parent instanceof DockPanel)) continue;
    parent.selectWidget(panel);
    panel.node.dispatchEvent(new FocusEvent("focus"));
    panel.node.dispatchEvent(new FocusEvent("blur"));
    return;
  }
}

/** Call back when the person turns to that tab. */
function onceShown(panel: NotebookPanel, callback: () => void): void {
  const hook = (_: unknown, message: Message): boolean => {
    if (message.type === "after-show") {
      MessageLoop.removeMessageHook(panel, hook);
      setTimeout(callback);
    }
    return true;
  };
  MessageLoop.installMessageHook(panel, hook);
}
