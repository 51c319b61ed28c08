/** Keeps what is typed in a document and not in its room in the browser's storage, until the room has it. */

import type { INotebookContent } from "@jupyterlab/nbformat";
import { UUID } from "@lumino/coreutils";
import { Signal, type ISignal } from "@lumino/signaling";
import type { Transaction } from "yjs";
import { Connection } from "./connection";
import { bare } from "./draft_content";
import { recover } from "./draft_recovery";
import { drafts, lockOf } from "./draft_store";
import type { Room } from "./room";

const WRITE_MS = 1_000;
/** A room that has not answered by then may be one that nobody reaches any more. */
const ANSWER_MS = 1_000;

export class DraftKeeper {
  /** Of the document: two tabs of one notebook have a draft each. */
  readonly id: string = UUID.uuid4();
  /** Why the browser keeps nothing; null while it does. */
  problem: string | null = null;
  private readonly _changed = new Signal<this, void>(this);
  private edits = 0;
  /** How many of them the room has for certain. */
  private known = 0;
  private base: INotebookContent | null = null;
  private timer: ReturnType<typeof setTimeout> | null = null;
  private wroteAt = -Infinity;
  private stored = false;
  /** Whether the room is slow to answer, and may be lost. */
  private doubted = false;
  /** Browsers have none where a page is not secure. */
  private readonly hasLocks = "locks" in navigator;
  private release: () => void = () => undefined;

  constructor(private readonly room: Room) {
    room.shared.ydoc.on("beforeTransaction", this.begins);
    room.shared.ydoc.on("update", this.updated);
    room.stateChanged.connect(this.entered, this);
    window.addEventListener("pagehide", this.leaves);
    if (!this.hasLocks) this.problem = "this page was not loaded by https";
    else void navigator.locks.request(lockOf(this.id), () => new Promise<void>((resolve) => (this.release = resolve)));
  }

  /** `problem` is another one. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** The room has all that is typed. */
  async settle(edits = this.edits): Promise<void> {
    this.known = Math.max(this.known, edits);
    this.doubted = false;
    if (this.known < this.edits || !this.stored) return;
    this.stored = false;
    await drafts.remove(this.id).catch(() => undefined);
  }

  /** The document is closed; what its room has not got stays in the browser. */
  dispose(): void {
    this.room.shared.ydoc.off("beforeTransaction", this.begins);
    this.room.shared.ydoc.off("update", this.updated);
    window.removeEventListener("pagehide", this.leaves);
    if (this.timer !== null) clearTimeout(this.timer);
    void (this.isDue ? this.write() : Promise.resolve()).then(() => this.release());
    Signal.clearData(this);
  }

  /** Whether something is typed that the room may never get. */
  private get isDue(): boolean {
    return this.edits > this.known && (this.room.state === "lost" || this.doubted);
  }

  /** Whether a change of that origin is one that the room has not got. */
  private isOurs(origin: unknown): boolean {
    return !(origin instanceof Connection) && (this.room.state === "shared" || this.room.state === "lost");
  }

  private readonly begins = ({ origin }: Transaction): void => {
    // Just now the document is what the room has.
    if (this.isOurs(origin) && this.edits === this.known) this.base = this.room.file.capture();
  };

  private readonly updated = (_: Uint8Array, origin: unknown): void => {
    if (!this.isOurs(origin)) return;
    this.edits += 1;
    this.plan();
  };

  private readonly leaves = (): void => {
    if (this.isDue) void this.write();
  };

  private entered(): void {
    if (this.room.state === "lost") void drafts.prepare().catch(() => undefined);
    if (this.room.state === "lost" && this.edits > this.known) this.plan();
    if (this.room.state === "shared") void this.joined();
  }

  private async joined(): Promise<void> {
    const { edits } = this;
    if (!(await this.room.acknowledged())) return;
    await this.settle(edits);
    if (this.hasLocks) await recover(this.room).catch(() => undefined);
  }

  private plan(): void {
    const wait = this.room.state === "lost" ? this.wroteAt + WRITE_MS - performance.now() : WRITE_MS;
    this.timer ??= setTimeout(() => void this.keep(), Math.max(wait, 0));
  }

  private async keep(): Promise<void> {
    this.timer = null;
    const { edits } = this;
    if (this.room.state === "shared") {
      const answer = this.room.acknowledged().then((answered) => answered && this.settle(edits).then(() => true));
      const late = new Promise<boolean>((resolve) => setTimeout(resolve, ANSWER_MS, false));
      if (await Promise.race([answer, late])) return;
      this.doubted = this.room.state === "shared";
    }
    if (this.isDue) await this.write();
  }

  private async write(): Promise<void> {
    const { base, room } = this;
    if (base === null || room.state === "file" || !this.hasLocks) return;
    this.wroteAt = performance.now();
    this.stored = true;
    let problem: string | null = null;
    try {
      await drafts.put({ id: this.id, path: room.path, room: room.id, ...bare(base, room.file.capture()) });
    } catch (error) {
      problem = error instanceof Error ? error.message : String(error);
    }
    if (problem === this.problem) return;
    this.problem = problem;
    this._changed.emit();
  }
}
