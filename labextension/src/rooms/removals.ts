/** The cells that a tab has removed, and of which its room is told what they had. */

import type * as Y from "yjs";
import type { SentText } from "./sent_text";

export type Cell = Y.Map<unknown>;

/** A cell that was removed, by this tab or by others. */
export interface RemovedCell {
  id: string;
  type: "code" | "markdown" | "raw";
  /** What the tab had. */
  text: string;
  sent: SentText;
  /** A room that has this tab's changes up to this clock had the cell. */
  clock: number;
  /** The cells of before, and which of them it was. */
  order: readonly Cell[];
  index: number;
}

export type Removal = Pick<RemovedCell, "id" | "text" | "sent" | "clock">;

export class Removals {
  /** In transactions that are not over: what the room is told before it gets them. */
  just: readonly Removal[] = [];
  /** Those that the room may not know of: of each id the cell that it had. */
  unknown: readonly Removal[] = [];
  private readonly inserted = new Set<Cell>();

  /** The first one of some transactions begins. */
  begin(): void {
    this.just = [];
    this.inserted.clear();
  }

  /** A transaction of this tab removed and inserted cells. */
  add(removed: readonly RemovedCell[], inserted: readonly Cell[]): void {
    // What is put in and removed in one go never was in the room.
    const had = removed.filter(({ order, index }) => !this.inserted.has(order[index]!));
    const removals = had.map(({ id, text, sent, clock }) => ({ id, text, sent, clock }));
    for (const cell of inserted) this.inserted.add(cell);
    this.just = this.just.concat(removals);
    this.unknown = this.unknown.concat(removals);
  }

  /** A question was asked; the result is called when it is answered. */
  asked(): () => void {
    const told = new Set(this.unknown);
    return () => (this.unknown = this.unknown.filter((removal) => !told.has(removal)));
  }

  /** A room says, as a connection begins, up to which clock it has this tab's changes. */
  arrived(clock: number): void {
    // A cell that the room never had is not removed there; the last one that it had came in place of those before.
    const had = this.unknown.filter((removal) => removal.clock <= clock);
    this.unknown = [...new Map(had.map((removal) => [removal.id, removal])).values()];
  }
}
