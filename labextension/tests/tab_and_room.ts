/** A tab, joined to a room in memory by its own connection, whose messages go when they are told to. */

import { YNotebook } from "@jupyter/ydoc";
import { mock } from "node:test";
import { CellTexts } from "../src/rooms/cell_texts";
import { Connection } from "../src/rooms/connection";
import { RemovedCells } from "../src/rooms/removed_cells";
import { RoomInMemory, Socket } from "./room_in_memory";

const nowhere = { addEventListener() {}, removeEventListener() {}, visibilityState: "hidden" };
Object.assign(globalThis, { window: nowhere, document: nowhere, WebSocket: Socket });
mock.timers.enable({ apis: ["setTimeout", "setInterval"] });

/** After that a tab asks whether the room has all. */
const PROBE_MS = 50;

export class TabAndRoom {
  readonly tab = new YNotebook({ disableDocumentWideUndoRedo: true });
  readonly room = new RoomInMemory();
  private readonly texts = new CellTexts(this.tab, isTheirs);
  private readonly removed = new RemovedCells(this.tab, this.texts, isTheirs);
  private connection: Connection | null = null;
  private socket!: Socket;

  /** With cells of these sources, which both have. */
  static async open(sources: string[], tabFirst = true): Promise<TabAndRoom> {
    const both = new TabAndRoom();
    // What both put in at one place stands in the order of their ids.
    [both.tab, both.room.notebook].forEach(({ ydoc }, n) => (ydoc.clientID = tabFirst === (n === 0) ? 1 : 2));
    sources.forEach((source, n) => both.room.notebook.addCell({ cell_type: "code", id: `c${n}`, source }));
    both.join();
    await both.settle();
    return both;
  }

  /** Connect anew; what was on its way is lost. */
  join(): void {
    this.connection?.close();
    this.connection = new Connection(this.tab, this.texts, this.removed, "");
    this.socket = Socket.last!;
    this.room.join(this.socket);
    this.socket.open();
  }

  /** Lose the connection: what is on its way does not arrive. */
  cut(): void {
    this.connection?.close();
    this.room.socket = null;
  }

  get connected(): boolean {
    return this.room.socket !== null;
  }

  /** Deliver the next message to the room, or to the tab. */
  async deliver(to: "room" | "tab"): Promise<void> {
    if (to === "tab") this.socket.deliver();
    else if (this.connected && this.socket.toRoom.length > 0) this.room.receive();
    await turn();
  }

  /** Have all of them arrive, also those that ask. */
  async settle(): Promise<void> {
    for (let round = 0; round < 3; round += 1) {
      while (this.socket.toRoom.length + this.socket.toTab.length > 0) {
        await this.deliver("room");
        await this.deliver("tab");
      }
      await this.probe();
    }
  }

  /** Let the tab ask whether the room has all. */
  async probe(): Promise<void> {
    mock.timers.tick(PROBE_MS);
    await turn();
  }

  close(): void {
    this.cut();
    this.texts.dispose();
    this.tab.dispose();
  }
}

export function shown(notebook: YNotebook): [id: string, source: string][] {
  return notebook.cells.map((cell) => [cell.id, cell.getSource()]);
}

function isTheirs(origin: unknown): boolean {
  return origin instanceof Connection;
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
