/** A room without a server: it speaks the protocol of jmcp's rooms with one tab, and an agent works in it. */

import { YNotebook, type YCodeCell } from "@jupyter/ydoc";
import * as decoding from "lib0/decoding";
import * as encoding from "lib0/encoding";
import * as sync from "y-protocols/sync";
import * as Y from "yjs";
import { changes, kept, parted } from "../src/rooms/text_diff";
import { merged } from "../src/rooms/text_merge";

const SYNC = 0;
const RAW = 2;

interface Known {
  text: string;
  base: string;
  gone: boolean;
}

type Cell = Y.Map<unknown>;
type Notes = Map<string, Known>;

/** What a tab connects to: messages wait here until they are delivered. */
export class Socket {
  static readonly CONNECTING = 0;
  static readonly OPEN = 1;
  static last: Socket | null = null;
  readyState = Socket.CONNECTING;
  onopen: (() => void) | null = null;
  onmessage: ((message: { data: ArrayBuffer }) => void) | null = null;
  onclose: ((event: { code: number }) => void) | null = null;
  readonly toRoom: Uint8Array[] = [];
  readonly toTab: Uint8Array[] = [];

  constructor() {
    Socket.last = this;
  }

  open(): void {
    this.readyState = Socket.OPEN;
    this.onopen?.();
  }

  send(data: Uint8Array): void {
    this.toRoom.push(data);
  }

  deliver(): void {
    const message = this.toTab.shift();
    if (message !== undefined) this.onmessage?.({ data: message.slice().buffer as ArrayBuffer });
  }

  close(): void {
    this.readyState = 3;
  }
}

export class RoomInMemory {
  readonly notebook = new YNotebook();
  socket: Socket | null = null;
  private readonly cells: Y.Array<Cell>;
  private notes: Notes = new Map();
  private changing = false;
  private texts = new Map<Cell, [id: string, text: string]>();
  /** What each cell said at some time. */
  private readonly versions = new Set<string>();
  /** While it takes a change of the tab: the cells of before. */
  private before: ReadonlyMap<Cell, unknown> | null = null;
  /** What the cells that it removed said then. */
  private readonly removed = new Map<string, string>();

  constructor() {
    this.cells = this.notebook.ydoc.getArray<Cell>("cells");
    this.notebook.ydoc.on("update", this.changed);
  }

  join(socket: Socket): void {
    this.socket = socket;
    this.notes = new Map();
    this.post(SYNC, (out) => sync.writeSyncStep1(out, this.notebook.ydoc));
  }

  /** Take the next message of the tab. */
  receive(): void {
    const message = decoding.createDecoder(this.socket!.toRoom.shift()!);
    const type = decoding.readVarUint(message);
    if (type === RAW) {
      const note = JSON.parse(decoding.readVarString(message)) as { cells: Record<string, Known> };
      this.notes = new Map(Object.entries(note.cells));
    } else if (type === SYNC) {
      const step = decoding.readVarUint(message);
      const payload = decoding.readVarUint8Array(message);
      if (step === sync.messageYjsSyncStep1) {
        this.post(SYNC, (out) => sync.writeSyncStep2(out, this.notebook.ydoc, payload));
      } else {
        this.take(payload, step === sync.messageYjsSyncStep2);
      }
    }
  }

  get(index: number): YCodeCell {
    return this.notebook.cells[index] as YCodeCell;
  }

  private post(type: number, body: (out: encoding.Encoder) => void): void {
    const out = encoding.createEncoder();
    encoding.writeVarUint(out, type);
    body(out);
    this.socket?.toTab.push(encoding.toUint8Array(out));
  }

  private readonly changed = (update: Uint8Array): void => {
    const now = new Map(this.cells.map((cell) => [cell, said(cell)]));
    const gone = [...this.texts].filter(([cell]) => !now.has(cell)).map(([, text]) => text);
    for (const [cell, [id, text]] of now) {
      if (this.before === null || this.before.has(cell)) this.versions.add(JSON.stringify([id, text]));
    }
    for (const [id, text] of gone) this.removed.set(id, text);
    this.texts = now;
    if (this.changing) return;
    if (gone.length > 0) {
      const note = JSON.stringify({ type: "removed", cells: Object.fromEntries(gone) });
      this.post(RAW, (out) => encoding.writeVarString(out, note));
    }
    this.post(SYNC, (out) => sync.writeUpdate(out, update));
  };

  /** Change the document as the tab did, and mend what it did not know of. */
  private take(update: Uint8Array, again: boolean): void {
    const [notes, before] = [this.notes, new Map(this.texts)];
    this.notes = new Map();
    const index = new Map(this.cells.map((cell, at) => [cell.get("id"), at]));
    // Of what was sent before, all has arrived here; of what is sent again, what the tab says.
    const bases = new Map([...notes].map(([id, { text, base }]) => [id, again ? base : text]));
    this.before = before;
    this.changing = true;
    Y.applyUpdate(this.notebook.ydoc, update, this);
    this.changing = false;
    const old = new Map([...before.values()]);
    const cells = this.cells.toArray();
    const ids = cells.map((cell) => said(cell)[0]);
    const twice = ids.filter((id, at) => ids.indexOf(id) !== at);
    for (const id of new Set([...notes.keys(), ...twice])) {
      const places = cells.filter((_, at) => ids[at] === id);
      const there = places.filter((cell) => before.has(cell));
      const fresh = places.filter((cell) => !before.has(cell));
      this.mend(id, { there: there[0], fresh: fresh[0], known: notes.get(id), base: bases.get(id), text: old.get(id), index: index.get(id) });
    }
    this.before = null;
    for (const [cell, [id, text]] of this.texts) if (!before.has(cell)) this.versions.add(JSON.stringify([id, text]));
  }

  private mend(id: string, { there, fresh, known, base, text, index }: Mend): void {
    if (there !== undefined && fresh !== undefined) {
      const [mine, theirs] = [said(fresh)[1], said(there)[1]];
      const last = this.removed.get(id);
      const from =
        last !== undefined && common(last, mine) === last
          ? last
          : [mine, known?.text, known?.base].find((one) => one !== undefined && this.had(id, one));
      const both = merged(from ?? common(mine, theirs), mine, theirs);
      this.notebook.ydoc.transact(() => {
        write(fresh, both);
        this.cells.delete(this.cells.toArray().indexOf(there));
      });
    } else if (known === undefined) {
      return;
    } else if (fresh !== undefined && text !== undefined) {
      write(fresh, merged(base!, said(fresh)[1], text));
    } else if (fresh !== undefined) {
      if (this.removed.has(id) && this.had(id, said(fresh)[1])) this.cells.delete(this.cells.toArray().indexOf(fresh));
    } else if (there !== undefined) {
      if (known.gone && [known.text, base].includes(said(there)[1])) this.cells.delete(this.cells.toArray().indexOf(there));
    } else if (text !== undefined && text !== known.text && text !== base) {
      this.notebook.insertCell(Math.min(index!, this.cells.length), { cell_type: "code", id, source: text });
    }
  }

  private had(id: string, text: string): boolean {
    return this.versions.has(JSON.stringify([id, text]));
  }
}

interface Mend {
  there: Cell | undefined;
  fresh: Cell | undefined;
  known: Known | undefined;
  base: string | undefined;
  text: string | undefined;
  index: number | undefined;
}

function said(cell: Cell): [id: string, text: string] {
  return [String(cell.get("id")), String(cell.get("source"))];
}

/** What both texts have. */
function common(one: string, other: string): string {
  const [parts, others] = parted(one, other);
  const places = kept(parts!, others!);
  return parts!.filter((_, at) => places[at]! >= 0).join("");
}

function write(cell: Cell, text: string): void {
  const source = cell.get("source") as Y.Text;
  cell.doc!.transact(() => {
    for (const { start, end, text: instead } of changes(source.toString(), text).reverse()) {
      source.delete(start, end - start);
      source.insert(start, instead);
    }
  });
}
