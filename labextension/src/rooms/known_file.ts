/** What of a document is in its file for certain: the base of a merge with a room of another history. */

import type { YCellType, YNotebook } from "@jupyter/ydoc";
import type { INotebookContent } from "@jupyterlab/nbformat";
import type { Transaction } from "yjs";

type CellJSON = ReturnType<YCellType["toJSON"]>;

/** Longer than a room waits before it saves, and than a save takes: a clean document that nobody has
 * changed for so long is in the file. What a room calls clean may have been changed while it saved. */
const QUIET_MS = 5_000;

export class KnownFile {
  /** Null until a state of the document was in the file for certain. */
  private known: INotebookContent | null = null;
  /** Copies of the document's cells, but for those that were changed since. */
  private readonly copies = new WeakMap<object, CellJSON>();
  private timer: ReturnType<typeof setTimeout> | null = null;
  private changedAt = 0;

  constructor(
    private readonly shared: YNotebook,
    /** Whether the room has the whole document for certain. */
    private readonly acknowledged: () => Promise<boolean>,
  ) {
    shared.ydoc.on("afterTransaction", this.changed);
    this.watch();
  }

  /** The notebook as it was in the file. */
  get content(): INotebookContent | null {
    return this.known;
  }

  /** The notebook as it is now: costs as much as what was changed since the last time. */
  capture(): INotebookContent {
    const cells = this.shared.cells.map((cell) => {
      const key = cell.ymodel;
      const copy = this.copies.get(key) ?? cell.toJSON();
      this.copies.set(key, copy);
      return copy;
    });
    return {
      cells: cells as INotebookContent["cells"],
      metadata: this.shared.getMetadata() as INotebookContent["metadata"],
      nbformat: this.shared.nbformat,
      nbformat_minor: this.shared.nbformat_minor,
    };
  }

  /** `content`, which was captured, is in the file. */
  saved(content: INotebookContent): void {
    this.known = content;
  }

  dispose(): void {
    this.shared.ydoc.off("afterTransaction", this.changed);
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
  }

  private readonly changed = (transaction: Transaction): void => {
    const cells = this.shared.ydoc.getArray("cells");
    for (const type of transaction.changedParentTypes.keys()) {
      if (type.parent === (cells as unknown)) this.copies.delete(type);
    }
    this.changedAt = performance.now();
    if (this.timer === null) this.watch();
  };

  /** The document has just come from its room, which has said whether the file has it. */
  joined(): void {
    if (this.known === null && this.shared.getState("dirty") === false) this.saved(this.capture());
  }

  private watch(): void {
    const left = this.changedAt + QUIET_MS - performance.now();
    this.timer = setTimeout(() => void this.quiet(), Math.max(left, 0) || QUIET_MS);
  }

  private async quiet(): Promise<void> {
    if (this.changedAt + QUIET_MS > performance.now()) return this.watch();
    this.timer = null;
    const before = this.changedAt;
    if (this.shared.getState("dirty") !== false || !(await this.acknowledged())) return;
    if (this.changedAt === before && !this.shared.isDisposed) this.saved(this.capture());
  }
}
