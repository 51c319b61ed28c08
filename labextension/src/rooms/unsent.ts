/** What is typed in cells and not yet in the room for certain, so that it outlives its cell: who moves a
 * cell makes a new one in its place, and who deletes one does not know what is being typed there. */

import type { YNotebook } from "@jupyter/ydoc";
import type * as Y from "yjs";
import { change, joined } from "./joined_text";

/** Within which the cell that takes the place of another has come. */
const SETTLED_MS = 250;

type Cell = Y.Map<unknown>;

interface Seen {
  id: string;
  type: "code" | "markdown" | "raw";
  source: string;
}

export class Unsent {
  private readonly cells: Y.Array<Cell>;
  private readonly seen = new Map<Cell, Seen>();
  /** Of cells with text that the room may lack: the text that it has. */
  private readonly bases = new Map<Cell, string>();

  constructor(
    private readonly shared: YNotebook,
    /** Whether a change came from the room. */
    private readonly isTheirs: (origin: unknown) => boolean,
  ) {
    this.cells = shared.ydoc.getArray<Cell>("cells");
    this.cells.observeDeep(this.changed);
  }

  dispose(): void {
    this.cells.unobserveDeep(this.changed);
  }

  /** All that is typed was sent; the result is called when the room has it. */
  sent(): () => void {
    const sources = [...this.bases.keys()].map((cell) => [cell, this.seen.get(cell)?.source] as const);
    return () => {
      for (const [cell, source] of sources) {
        if (!this.bases.has(cell)) continue;
        if (source === undefined || this.seen.get(cell)?.source === source) this.bases.delete(cell);
        else this.bases.set(cell, source);
      }
    };
  }

  private readonly changed = (events: Y.YEvent<Y.AbstractType<unknown>>[], transaction: Y.Transaction): void => {
    const theirs = this.isTheirs(transaction.origin);
    for (const { target, changes } of events) {
      if (target === (this.cells as unknown)) {
        const gone = [...changes.deleted].map(({ content }) => (content as Y.ContentType).type as unknown as Cell);
        for (const { content } of changes.added) {
          for (const cell of content.getContent()) this.see(cell as Cell);
        }
        const index = deletedAt(changes.delta);
        for (const cell of gone) this.lose(cell, theirs, index);
      } else {
        const cell = target.parent as Cell | null;
        if (cell !== null && this.seen.has(cell) && cell.get("source") === target) this.typed(cell, theirs);
      }
    }
  };

  private see(cell: Cell): void {
    const type = cell.get("cell_type") as Seen["type"];
    this.seen.set(cell, { id: String(cell.get("id")), type, source: String(cell.get("source")) });
  }

  private typed(cell: Cell, theirs: boolean): void {
    const before = this.seen.get(cell)?.source ?? "";
    this.see(cell);
    const base = this.bases.get(cell);
    if (!theirs) this.bases.set(cell, base ?? before);
    else if (base !== undefined) this.bases.set(cell, joined(before, base, String(cell.get("source"))));
  }

  private lose(cell: Cell, theirs: boolean, index: number): void {
    const [seen, base] = [this.seen.get(cell), this.bases.get(cell)];
    this.seen.delete(cell);
    this.bases.delete(cell);
    if (theirs && seen !== undefined && base !== undefined) {
      setTimeout(() => this.keep(seen, base, index), SETTLED_MS);
    }
  }

  /** Put what was typed into the cell that has taken the place of its own, or into a new one. */
  private keep({ id, type, source }: Seen, base: string, index: number): void {
    if (this.shared.isDisposed || source === base) return;
    const cell = this.shared.cells.find((other) => other.getId() === id);
    if (cell === undefined) {
      this.shared.insertCell(Math.min(index, this.shared.cells.length), { cell_type: type, source });
      return;
    }
    const there = cell.getSource();
    const kept = joined(base, source, there);
    if (kept === there) return;
    const { start, end, text } = change(there, kept);
    cell.updateSource(start, end, text);
  }
}

/** Where the first of the deleted cells was. */
function deletedAt(delta: { insert?: unknown; retain?: number; delete?: number }[]): number {
  let index = 0;
  for (const { insert, retain, delete: deleted } of delta) {
    if (deleted !== undefined) return index;
    index += retain ?? (insert as unknown[]).length;
  }
  return index;
}
