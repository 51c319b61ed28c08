/** The text of each cell as the tab has it and as the room has it: what others need to know who wrote in
 * them meanwhile. */

import type { YNotebook } from "@jupyter/ydoc";
import type * as Y from "yjs";
import { Removals, type Cell, type RemovedCell } from "./removals";
import { SentText } from "./sent_text";

type Seen = Pick<RemovedCell, "id" | "type" | "text" | "clock">;

/** Called during the transaction that removes or inserts cells. */
type OnCells = (removed: RemovedCell[], inserted: Cell[], transaction: Y.Transaction) => void;

export class CellTexts {
  readonly removals = new Removals();
  onCells: OnCells = () => {};
  private readonly cells: Y.Array<Cell>;
  private readonly seen = new Map<Cell, Seen>();
  private order: readonly Cell[] = [];
  /** Of cells with text that the room may lack. */
  private readonly unacknowledged = new Map<Cell, SentText>();
  /** Those with text that was not sent. */
  private readonly written = new Set<Cell>();
  /** Of this tab's changes of cells, and whether it went on since they were sent. */
  private clock = 0;
  private advanced = false;

  constructor(
    private readonly shared: YNotebook,
    /** Whether a change came from the room. */
    private readonly isTheirs: (origin: unknown) => boolean,
  ) {
    this.cells = shared.ydoc.getArray<Cell>("cells");
    this.cells.observeDeep(this.changed);
    shared.ydoc.on("beforeAllTransactions", this.begin);
  }

  dispose(): void {
    this.cells.unobserveDeep(this.changed);
    this.shared.ydoc.off("beforeAllTransactions", this.begin);
  }

  /** Of the cells that are there. */
  ids(): Set<string> {
    return new Set([...this.seen.values()].map(({ id }) => id));
  }

  /** All was sent. What was only taken out moves no clock on: it counts with what is written next. */
  sent(): void {
    if (!this.advanced) return;
    for (const cell of this.written) this.unacknowledged.get(cell)?.sent(this.seen.get(cell)!.text, this.clock);
    this.written.clear();
    this.advanced = false;
  }

  /** All was sent, and a question after it; the result is called when that is answered. */
  asked(): () => void {
    const answered = [...this.unacknowledged].map(([cell, sent]) => sent.asked(this.seen.get(cell)!.text));
    const removed = this.removals.asked();
    return () => {
      for (const acknowledge of [...answered, removed]) acknowledge();
      for (const [cell, { certain }] of this.unacknowledged) {
        if (certain === this.seen.get(cell)!.text) this.unacknowledged.delete(cell);
      }
    };
  }

  private readonly begin = (): void => {
    this.removals.begin();
  };

  private readonly changed = (events: Y.YEvent<Y.AbstractType<unknown>>[], transaction: Y.Transaction): void => {
    const theirs = this.isTheirs(transaction.origin);
    if (!theirs) {
      const { clientID } = this.shared.ydoc;
      this.clock = transaction.afterState.get(clientID) ?? 0;
      this.advanced ||= this.clock > (transaction.beforeState.get(clientID) ?? 0);
    }
    for (const { target } of events) {
      if (target === (this.cells as unknown)) {
        this.compare(theirs, transaction);
      } else {
        const cell = target.parent as Cell | null;
        if (cell !== null && this.seen.has(cell) && cell.get("source") === target) this.wrote(cell, theirs);
      }
    }
  };

  private compare(theirs: boolean, transaction: Y.Transaction): void {
    const [order, now] = [this.order, this.cells.toArray()];
    const there = new Set(now);
    this.order = now;
    const inserted = now.filter((cell) => !this.seen.has(cell));
    for (const cell of inserted) this.see(cell, theirs ? 0 : this.clock);
    const removed = order.flatMap((cell, index) => (there.has(cell) ? [] : [{ ...this.lose(cell), order, index }]));
    if (!theirs) this.removals.add(removed, inserted);
    this.onCells(removed, inserted, transaction);
  }

  private see(cell: Cell, clock: number): void {
    const [id, type] = [String(cell.get("id")), cell.get("cell_type") as Seen["type"]];
    this.seen.set(cell, { id, type, text: String(cell.get("source")), clock });
  }

  private wrote(cell: Cell, theirs: boolean): void {
    const seen = this.seen.get(cell)!;
    const before = seen.text;
    seen.text = String(cell.get("source"));
    const sent = this.unacknowledged.get(cell);
    if (theirs) {
      sent?.follow(before, seen.text);
    } else {
      if (sent === undefined) this.unacknowledged.set(cell, new SentText(before));
      this.written.add(cell);
    }
  }

  private lose(cell: Cell): Omit<RemovedCell, "order" | "index"> {
    const seen = this.seen.get(cell)!;
    const sent = this.unacknowledged.get(cell) ?? new SentText(seen.text);
    this.seen.delete(cell);
    this.unacknowledged.delete(cell);
    this.written.delete(cell);
    return { ...seen, sent };
  }
}
