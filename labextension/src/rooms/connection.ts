/** One WebSocket between a notebook's document and its room: y-protocols' messages, and what of the
 * document the room has for certain. */

import type { YNotebook } from "@jupyter/ydoc";
import * as decoding from "lib0/decoding";
import * as encoding from "lib0/encoding";
import * as awareness from "y-protocols/awareness";
import * as sync from "y-protocols/sync";
import { decodeStateVector, mergeUpdates } from "yjs";
import type { CellTexts } from "./cell_texts";
import { awake } from "./pace";
import type { Removal } from "./removals";
import type { RemovedCells, Told } from "./removed_cells";

const SYNC = 0;
const AWARENESS = 1;
const QUERY_AWARENESS = 3;
const RAW = 2;
/** A room of 20 MB is on its way for some seconds. */
const JOIN_MS = 60_000;
const ANSWER_MS = 10_000;
/** A tab that slept finds out soon whether its socket is one that nobody hears any more. */
const WAKE_ANSWER_MS = 3_000;
/** What was typed longer ago, and the time of an answer, is in the room for certain when a connection is
 * lost. */
const TYPING_MS = 50;
const IDLE_MS = 30_000;

/** Why a connection ended. */
export type End = "lost" | "other history";
const OTHER_HISTORY = 4409;

export class Connection {
  /** Resolves with whether the document has what the room has. */
  readonly synced: Promise<boolean>;
  readonly ended: Promise<End>;
  private end!: (why: End) => void;
  private readonly socket: WebSocket;
  /** Those who wait for answers to questions, in the order in which they were asked. */
  private readonly asked: ((answered: boolean) => void)[] = [];
  private readonly stopWaking: () => void;
  private readonly idle: ReturnType<typeof setInterval>;
  /** Changes by this tab in transactions that are not over. */
  private readonly updates: Uint8Array[] = [];
  /** What the cells had that the room's next change removes. */
  private told: Told = new Map();
  /** Whether the room has got what it lacked: without that, it could not put in what comes after. */
  private supplied = false;
  private probing = false;
  private joined = false;
  private open = true;

  constructor(
    private readonly shared: YNotebook,
    private readonly texts: CellTexts,
    private readonly removed: RemovedCells,
    url: string,
  ) {
    this.ended = new Promise((resolve) => (this.end = resolve));
    this.socket = new WebSocket(url);
    this.socket.binaryType = "arraybuffer";
    this.synced = new Promise((resolve) => {
      this.socket.onopen = () => void this.ask(JOIN_MS).then(resolve);
      void this.ended.then(() => resolve(false));
    });
    this.socket.onmessage = ({ data }) => this.heard(new Uint8Array(data as ArrayBuffer));
    this.socket.onclose = ({ code }) => this.close(code === OTHER_HISTORY ? "other history" : "lost");
    setTimeout(() => this.socket.readyState === WebSocket.CONNECTING && this.close(), ANSWER_MS);
    shared.ydoc.on("update", this.changed);
    shared.ydoc.on("afterAllTransactions", this.flush);
    shared.awareness.on("update", this.moved);
    this.idle = setInterval(() => void this.ask(ANSWER_MS), IDLE_MS);
    this.stopWaking = awake(() => void this.ask(WAKE_ANSWER_MS));
  }

  /**
   * Whether all that the document has now is in the room for certain.
   *
   * A room answers the messages of one socket in their order, so its answer to a question about its
   * state says that it took what was sent before.
   */
  acknowledged(): Promise<boolean> {
    return this.ask(ANSWER_MS);
  }

  close(why: End = "lost"): void {
    if (!this.open) return;
    this.open = false;
    clearInterval(this.idle);
    this.stopWaking();
    this.shared.ydoc.off("update", this.changed);
    this.shared.ydoc.off("afterAllTransactions", this.flush);
    this.shared.awareness.off("update", this.moved);
    this.socket.onclose = this.socket.onmessage = this.socket.onopen = null;
    this.socket.close();
    for (const answered of this.asked.splice(0)) answered(false);
    this.forgetOthers();
    this.end(why);
  }

  private async ask(within: number): Promise<boolean> {
    if (this.socket.readyState !== WebSocket.OPEN) return false;
    const taken = this.texts.asked();
    const answer = new Promise<boolean>((resolve) => this.asked.push(resolve));
    this.write(SYNC, (out) => sync.writeSyncStep1(out, this.shared.ydoc));
    const late = setTimeout(() => this.close(), within);
    const answered = await answer;
    clearTimeout(late);
    // What was typed before a document joined is sent when the room asks for it, which is later.
    if (answered && this.joined) taken();
    this.joined ||= answered;
    return answered;
  }

  private readonly changed = (update: Uint8Array, origin: unknown): void => {
    if (origin !== this) this.updates.push(update);
  };

  /** Send as one what belongs together: a cell that was removed, and the one in its place. */
  private readonly flush = (): void => {
    const updates = this.updates.splice(0);
    if (updates.length === 0 || !this.supplied) return;
    const { just } = this.texts.removals;
    if (just.length > 0) this.tellRemoved(just, 0);
    this.write(SYNC, (out) => sync.writeUpdate(out, mergeUpdates(updates)));
    this.texts.sent();
    if (this.probing) return;
    this.probing = true;
    setTimeout(() => {
      this.probing = false;
      void this.ask(ANSWER_MS);
    }, TYPING_MS);
  };

  private readonly moved = (
    { added, updated, removed }: Record<"added" | "updated" | "removed", number[]>,
    origin: unknown,
  ): void => {
    const clients = [...added, ...updated, ...removed];
    if (origin !== this && clients.includes(this.shared.ydoc.clientID)) this.tell();
  };

  /** Say who is here. */
  private tell(): void {
    const { awareness: states } = this.shared;
    const clients = [this.shared.ydoc.clientID];
    this.write(AWARENESS, (out) =>
      encoding.writeVarUint8Array(out, awareness.encodeAwarenessUpdate(states, clients)),
    );
  }

  /** Say what the cells had that the next change removes, to a room that has this tab's changes up to a
   * clock. */
  private tellRemoved(removals: readonly Removal[], clock: number): void {
    const there = this.texts.ids();
    const cells = removals.map(({ id, text, sent }) => [id, { text, base: sent.at(clock), gone: !there.has(id) }]);
    const note = JSON.stringify({ type: "removed", cells: Object.fromEntries(cells) });
    this.write(RAW, (out) => encoding.writeVarString(out, note));
  }

  private forgetOthers(): void {
    const { awareness: states, ydoc } = this.shared;
    const others = [...states.getStates().keys()].filter((id) => id !== ydoc.clientID);
    awareness.removeAwarenessStates(states, others, this);
  }

  private heard(data: Uint8Array): void {
    const message = decoding.createDecoder(data);
    const type = decoding.readVarUint(message);
    if (type === SYNC) {
      this.synchronize(message);
    } else if (type === AWARENESS) {
      const update = decoding.readVarUint8Array(message);
      awareness.applyAwarenessUpdate(this.shared.awareness, update, this);
    } else if (type === QUERY_AWARENESS) {
      this.tell();
    } else if (type === RAW) {
      const note = JSON.parse(decoding.readVarString(message)) as { type?: string; cells?: Record<string, string> };
      if (note.type === "conflict") this.close("other history");
      if (note.type === "removed") this.told = new Map(Object.entries(note.cells ?? {}));
    }
  }

  private synchronize(message: decoding.Decoder): void {
    const reply = encoding.createEncoder();
    encoding.writeVarUint(reply, SYNC);
    const question = decoding.clone(message);
    const read = (): number => sync.readSyncMessage(message, reply, this.shared.ydoc, this);
    const kind = this.removed.knowing(this.told, read);
    if (kind === sync.messageYjsSyncStep1) {
      const clock = known(question).get(this.shared.ydoc.clientID) ?? 0;
      this.texts.removals.arrived(clock);
      // Also of none: so the room knows that this tab will say so.
      this.tellRemoved(this.texts.removals.unknown, clock);
      this.post(reply);
      this.texts.sent();
      this.supplied = true;
      return;
    }
    this.told = new Map();
    if (kind === sync.messageYjsSyncStep2) this.asked.shift()?.(true);
  }

  private write(type: number, body: (out: encoding.Encoder) => void): void {
    if (this.socket.readyState !== WebSocket.OPEN) return;
    const out = encoding.createEncoder();
    encoding.writeVarUint(out, type);
    body(out);
    this.post(out);
  }

  private post(out: encoding.Encoder): void {
    this.socket.send(encoding.toUint8Array(out) as Uint8Array<ArrayBuffer>);
  }
}

/** Up to which clock who sent a first message has the changes of each client. */
function known(message: decoding.Decoder): Map<number, number> {
  decoding.readVarUint(message);
  return decodeStateVector(decoding.readVarUint8Array(message));
}
