/** One notebook's document and its room, for as long as the document is open: joining, coming back after
 * the connection was lost, and what to do when the room is not the one that it was. */

import type { YNotebook } from "@jupyter/ydoc";
import type { Contents } from "@jupyterlab/services";
import { Signal, type ISignal } from "@lumino/signaling";
import { Refused, request, socketUrl } from "../server";
import { CellTexts } from "./cell_texts";
import { Connection } from "./connection";
import { DraftKeeper } from "./draft_keeper";
import { KnownFile } from "./known_file";
import { Pace } from "./pace";
import { RemovedCells } from "./removed_cells";

/**
 * `joining`: nobody knows yet whether there is a room. `shared`: the document is the room's. `lost`: it
 * was, and what is typed is kept here until it is again. `file`: there is no room, JupyterLab reads and
 * saves the file itself.
 */
export type State = "joining" | "shared" | "lost" | "file";

/** Before JupyterLab reads the file instead. */
const JOINS = 3;

interface Place {
  room: string;
  session: string;
  /** Documents of one history can be synchronized, others only be merged. */
  history: string;
  path: string;
  writable: boolean;
}

/** What happens to a document beyond its connection. */
export interface Surroundings {
  /** Open the document anew in its tabs: its text is in a room of another history. */
  reopen(room: Room): void;
  /** jmcp is gone from this server: have JupyterLab save the file from now on; false if that cannot be. */
  leave(room: Room): Promise<boolean>;
  /** The notebook has another path. */
  renamed(room: Room, from: string): void;
}

export class Room {
  /** Whether the room filled the document; false where there is none, and the file is read as always. */
  readonly ready: Promise<boolean>;
  readonly file: KnownFile;
  readonly draft: DraftKeeper;
  private readonly texts: CellTexts;
  private readonly removed: RemovedCells;
  /** Whether JupyterLab has loaded the document once: what it loads later is a revert. */
  loaded = false;
  /** How often it was asked to save. */
  saves = 0;
  private readonly _stateChanged = new Signal<this, State>(this);
  private readonly pace = new Pace();
  private readonly closing = new AbortController();
  private _state: State = "joining";
  private connection: Connection | null = null;
  private place: Place | null = null;
  private edits = 0;

  constructor(
    readonly shared: YNotebook,
    public path: string,
    private readonly around: Surroundings,
  ) {
    this.file = new KnownFile(shared, () => this.acknowledged());
    this.texts = new CellTexts(shared, isTheirs);
    this.removed = new RemovedCells(shared, this.texts, isTheirs);
    this.draft = new DraftKeeper(this);
    this.ready = new Promise((resolve) => {
      this._stateChanged.connect((_, state) => resolve(state === "shared"));
    });
    shared.ydoc.on("update", this.changed);
    shared.changed.connect((_, { stateChange }) => {
      const path = stateChange?.find(({ name }) => name === "path")?.newValue as unknown;
      if (typeof path === "string" && path !== "" && this._state !== "file") this.move(path);
    });
    void this.run();
  }

  get state(): State {
    return this._state;
  }

  /** The room's id on the server, which stays the notebook's when that is renamed; null before there is one. */
  get id(): string | null {
    return this.place?.room ?? null;
  }

  get stateChanged(): ISignal<this, State> {
    return this._stateChanged;
  }

  close(): void {
    if (this.closing.signal.aborted) return;
    this.closing.abort();
    this.connection?.close();
    this.draft.dispose();
    this.file.dispose();
    this.texts.dispose();
    this.shared.ydoc.off("update", this.changed);
    if (this._state === "joining") this.enter("file");
    Signal.clearData(this);
  }

  /** Leave the document to JupyterLab and the file. */
  leave(): void {
    this.enter("file");
    this.close();
  }

  /** The notebook is at this path from now on. */
  move(path: string): void {
    const from = this.path;
    if (path === from) return;
    this.path = path;
    this.around.renamed(this, from);
  }

  /** Ask where the notebook is, which others may just have renamed; its path as known where nobody says. */
  async locate(): Promise<string> {
    const found = await this.find().catch(() => null);
    if (found !== null) this.move(found.path);
    return this.path;
  }

  /** Ask anew where the room is: something else has written the file. */
  check(): void {
    if (this._state === "shared") this.connection?.close();
  }

  /** Whether all that is typed is in the room for certain. */
  async acknowledged(): Promise<boolean> {
    return this._state === "shared" && (await this.connection?.acknowledged()) === true;
  }

  /** Have the file written and read back. Throws what JupyterLab shows, or nothing to be shown. */
  async save(): Promise<Contents.IModel> {
    this.saves += 1;
    if (!(await this.acknowledged())) throw quietly("Not connected: what you typed is kept in this browser.");
    const content = this.file.capture();
    try {
      const model = await request<Contents.IModel>("POST", "save", { path: this.path, room: this.place?.room ?? null });
      this.file.saved(content);
      return model;
    } catch (error) {
      if (passes(error)) throw quietly(String(error));
      throw error;
    }
  }

  /** Give up what is not in the file. */
  async revert(): Promise<void> {
    if (!(await this.acknowledged())) throw new Error("Not connected to the server just now.");
    await request("POST", "revert", { path: this.path, room: this.place?.room ?? null });
    await this.acknowledged();
  }

  private readonly changed = (_: Uint8Array, origin: unknown): void => {
    if (!isTheirs(origin)) this.edits += 1;
  };

  private async run(): Promise<void> {
    let tries = 0;
    while (!this.closing.signal.aborted) {
      let refused = false;
      try {
        await this.attend();
      } catch (error) {
        refused = !passes(error);
        if (this._state !== "joining" && isGone(error) && (await this.around.leave(this))) return;
      }
      if (this.closing.signal.aborted) return;
      if (this._state === "joining" && (refused || ++tries === JOINS)) return this.leave();
      if (this._state === "shared") this.enter("lost");
      await this.pace.wait(this.closing.signal);
    }
  }

  /** Join, and return when the connection is lost. */
  private async attend(): Promise<void> {
    const place = await this.find();
    if (this.closing.signal.aborted) return;
    if (!place.writable && this.place === null) return this.leave();
    this.move(place.path);
    if (this.place !== null && this.place.history !== place.history) return await this.rejoin();
    this.place = place;
    const { session, history } = place;
    const url = socketUrl(`jmcp/lab/room/${encodeURIComponent(place.room)}`, { session, history });
    const connection = (this.connection = new Connection(this.shared, this.texts, this.removed, url));
    if (await connection.synced) {
      this.pace.reset();
      this.enter("shared");
      if (await connection.acknowledged()) this.file.joined();
    }
    if ((await connection.ended) === "other history" && this._state !== "joining") await this.rejoin();
  }

  private find(): Promise<Place> {
    return request<Place>("PUT", "rooms", { path: this.path, room: this.place?.room ?? null });
  }

  /** Give what is here to the room of another history, by a merge, and open the document anew. */
  private async rejoin(): Promise<void> {
    this.enter("lost");
    let base = this.file.content;
    for (;;) {
      const before = this.edits;
      const mine = this.file.capture();
      await request("POST", "rejoin", { path: this.path, room: this.place?.room ?? null, base, mine });
      if (this.closing.signal.aborted) return;
      base = mine;
      if (this.edits === before) break;
    }
    void this.draft.settle();
    this.around.reopen(this);
  }

  private enter(state: State): void {
    if (this._state === state) return;
    this._state = state;
    this._stateChanged.emit(state);
    if (state === "file") this.close();
  }
}

/** Whether a change came from the room. */
function isTheirs(origin: unknown): boolean {
  return origin instanceof Connection;
}

/** An error of which JupyterLab makes no dialog: the one name that it leaves alone. */
function quietly(message: string): Error {
  const error = new Error(message);
  error.name = "ModalCancelError";
  return error;
}

/** Whether an error says that the server is away for a while. */
function passes(error: unknown): boolean {
  return !(error instanceof Refused) || error.status === 502 || error.status === 503 || error.status === 504;
}

/** Whether the server has no jmcp any more: an answer that is not jmcp's. */
function isGone(error: unknown): boolean {
  return error instanceof Refused && error.status === 404 && error.code === null;
}
