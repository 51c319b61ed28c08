/** The tabs of notebooks that rooms share: what JupyterLab is told about each, and what the person sees. */

import { showErrorMessage } from "@jupyterlab/apputils";
import type { DocumentRegistry } from "@jupyterlab/docregistry";
import type { INotebookModel, NotebookPanel } from "@jupyterlab/notebook";
import { DisposableDelegate, type IDisposable } from "@lumino/disposable";
import { Indicator } from "./indicator";
import type { RoomContents } from "./contents";
import type { Room } from "./room";

export class RoomTabs implements DocumentRegistry.IWidgetExtension<NotebookPanel, INotebookModel> {
  private readonly panels = new WeakMap<Room, Set<NotebookPanel>>();

  constructor(
    private readonly contents: RoomContents,
    /** Whether the person has JupyterLab save by itself. */
    private readonly autosaves: () => boolean,
    private readonly user: () => unknown,
  ) {}

  /** The tabs that show a room's document. */
  of(room: Room): NotebookPanel[] {
    return [...(this.panels.get(room) ?? [])];
  }

  createNew(
    panel: NotebookPanel,
    context: DocumentRegistry.IContext<INotebookModel>,
  ): IDisposable {
    const room = this.contents.roomOf(context.model.sharedModel);
    if (room === undefined) return new DisposableDelegate(() => undefined);
    const panels = this.panels.get(room) ?? new Set();
    this.panels.set(room, panels.add(panel));
    if (panels.size === 1) this.introduce(room, context);
    const indicator = new Indicator(room, panel);
    return new DisposableDelegate(() => {
      indicator.dispose();
      panels.delete(panel);
    });
  }

  /** Say to all rooms whether the person has JupyterLab save by itself. */
  tell(room: Room): void {
    room.shared.awareness.setLocalStateField("autosave", this.autosaves());
  }

  private introduce(room: Room, context: DocumentRegistry.IContext<INotebookModel>): void {
    room.shared.awareness.setLocalStateField("user", this.user());
    this.tell(room);
    const { model } = context;
    // JupyterLab saves by itself what is not collaborative, and leaves the rest to its room.
    const get = (): boolean => room.state !== "file";
    Object.defineProperty(model, "collaborative", { get, configurable: true });
    // That of 4.4.0 leaves it there also when it is told to save.
    let saves = 0;
    context.saveState.connect((_, state) => {
      if (state === "started") saves = room.saves;
      else if (state === "completed" && room.saves === saves && room.state === "shared") void save(room);
    });
    void context.ready.then(() => {
      if (room.state === "file" && model.cells.length === 0) {
        model.sharedModel.insertCell(0, { cell_type: "code", metadata: { trusted: true } });
        model.dirty = false;
      }
    });
  }
}

async function save(room: Room): Promise<void> {
  try {
    await room.save();
  } catch (error) {
    const { name, message } = error as Error;
    if (name !== "ModalCancelError") await showErrorMessage(`File Save Error for ${room.path}`, message);
  }
}
