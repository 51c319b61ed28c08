/** What a draft has of a notebook: what people type, and not the outputs that both of its versions have. */

import type { ICell, INotebookContent } from "@jupyterlab/nbformat";
import type { Versions } from "./draft_store";

/** Both without outputs, but for those of cells that only one of them has. */
export function bare(base: INotebookContent, mine: INotebookContent): Versions {
  const [before, now] = [byId(base), byId(mine)];
  return {
    base: { ...base, cells: base.cells.map((cell) => (now.has(cell["id"]) ? without(cell) : cell)) },
    mine: { ...mine, cells: mine.cells.map((cell) => (before.has(cell["id"]) ? without(cell) : cell)) },
  };
}

/** Whether a notebook has not all that was made of `base`: texts, cells that came or went, their order. */
export function lacks(there: INotebookContent, { base, mine }: Versions): boolean {
  const [before, now, present] = [byId(base), byId(mine), byId(there)];
  const typed = mine.cells.some((cell) => {
    const id = cell["id"];
    return textOf(cell) !== textOf(before.get(id)) && textOf(cell) !== textOf(present.get(id));
  });
  const gone = base.cells.some((cell) => !now.has(cell["id"]) && present.has(cell["id"]));
  const kept = (cells: ICell[]): string => {
    const common = cells.filter(({ id }) => before.has(id) && now.has(id) && present.has(id));
    return common.map(({ id }) => String(id)).join(" ");
  };
  return typed || gone || (kept(mine.cells) !== kept(base.cells) && kept(mine.cells) !== kept(there.cells));
}

function byId({ cells }: INotebookContent): Map<unknown, ICell> {
  return new Map(cells.map((cell) => [cell["id"], cell]));
}

function textOf(cell: ICell | undefined): string | null {
  return cell === undefined ? null : `${cell.cell_type} ${[cell.source].flat().join("")}`;
}

function without(cell: ICell): ICell {
  return cell.cell_type === "code" ? { ...cell, outputs: [], execution_count: null } : cell;
}
