/** What becomes of text in cells that are removed: who moves a cell makes a new one in its place, and who
 * deletes one, or undoes a move, does not know of all that was written there. */

import type { YNotebook } from "@jupyter/ydoc";
import type * as Y from "yjs";
import type { CellTexts } from "./cell_texts";
import type { Cell, RemovedCell } from "./removals";
import { changes } from "./text_diff";
import { merged } from "./text_merge";

/** No undo takes these changes back. */
const ORIGIN = Symbol("text of removed cells");

/** Ids and texts of the cells that the room's next change removes. */
export type Told = ReadonlyMap<string, string>;

/** A cell that the room removed without knowing all of its text. */
interface Lost extends RemovedCell {
  /** What the room had, where it has told. */
  known: string | undefined;
}

export class RemovedCells {
  private readonly cells: Y.Array<Cell>;
  private told: Told = new Map();
  private lost: Lost[] = [];

  constructor(
    private readonly shared: YNotebook,
    texts: CellTexts,
    private readonly isTheirs: (origin: unknown) => boolean,
  ) {
    this.cells = shared.ydoc.getArray<Cell>("cells");
    texts.onCells = this.changed;
  }

  /** Apply a change of the room, which has told what the cells had that it removes. */
  knowing<T>(told: Told, apply: () => T): T {
    this.told = told;
    try {
      return apply();
    } finally {
      this.told = new Map();
    }
  }

  private readonly changed = (removed: RemovedCell[], inserted: Cell[], { origin }: Y.Transaction): void => {
    if (this.isTheirs(origin)) {
      for (const cell of removed) {
        const known = this.told.get(cell.id);
        if (cell.text !== (known ?? cell.sent.certain)) this.lost.push({ ...cell, known });
      }
      // Nothing may be changed before all have seen this change.
      if (this.lost.length > 0) queueMicrotask(() => this.putBack());
    } else if (isUndo(origin) && inserted.length > 0) {
      this.shared.ydoc.once("afterTransaction", () => this.keep(removed, inserted));
    }
  };

  /** Put what was typed into the cells that have taken the place of theirs, or back where it was. */
  private putBack(): void {
    const lost = this.lost.splice(0);
    if (this.shared.isDisposed) return;
    const back = new Map<Cell, Cell>();
    this.shared.ydoc.transact(() => {
      for (const cell of lost) {
        const there = this.cells.toArray().find((other) => other.get("id") === cell.id);
        if (there !== undefined) setText(there, completed(cell, textOf(there)));
        else back.set(cell.order[cell.index]!, this.insert(cell, back));
      }
    }, ORIGIN);
  }

  /** Below the nearest cell that was above it and is there, or is there again. */
  private insert({ id, type, text, order, index }: Lost, back: ReadonlyMap<Cell, Cell>): Cell {
    const places = new Map(this.cells.toArray().map((cell, place) => [cell, place]));
    const above = order
      .slice(0, index)
      .map((cell) => places.get(back.get(cell) ?? cell))
      .findLast((place) => place !== undefined);
    const cell = this.shared.insertCell((above ?? -1) + 1, { cell_type: type, id, source: text });
    return cell.ymodel;
  }

  /** An undo moves cells back, and takes nothing of what was written since; nor does it bring a second one
   * of a cell that is there. */
  private keep(removed: RemovedCell[], inserted: Cell[]): void {
    const texts = new Map(removed.map(({ id, text }) => [id, text]));
    const order = this.cells.toArray();
    const back = new Set(inserted);
    const there = new Set(order.filter((cell) => !back.has(cell)).map((cell) => cell.get("id")));
    this.shared.ydoc.transact(() => {
      for (const cell of order.filter((cell) => back.has(cell)).reverse()) {
        const text = texts.get(String(cell.get("id")));
        if (there.has(cell.get("id"))) this.cells.delete(this.cells.toArray().indexOf(cell));
        else if (text !== undefined) setText(cell, text);
      }
    }, ORIGIN);
  }
}

/** Also of an undo manager that comes from another copy of Yjs. */
function isUndo(origin: unknown): boolean {
  return typeof origin === "object" && origin !== null && "undoStack" in origin;
}

/** The text that the room has, with what was typed that the room did not know of. */
function completed({ known, sent, text }: Lost, theirs: string): string {
  return merged(known ?? sent.before(theirs), text, theirs);
}

function textOf(cell: Cell): string {
  return String(cell.get("source"));
}

/** As little of it as can be: somebody else may be typing in it. */
function setText(cell: Cell, text: string): void {
  const source = cell.get("source") as Y.Text;
  for (const { start, end, text: instead } of changes(source.toString(), text).reverse()) {
    // In this order a cursor stays behind what was replaced.
    source.insert(start, instead);
    source.delete(start + instead.length, end - start);
  }
}
