/** Random orders of what a person does in a tab and an agent in the room, while messages are on their way. */

import type { YNotebook } from "@jupyter/ydoc";
import assert from "node:assert/strict";
import { test } from "node:test";
import { chance, type Chance } from "./chance";
import { shown, TabAndRoom } from "./tab_and_room";

const [FIRST, PAST] = (process.env["SEEDS"] ?? "0-250").split("-").map(Number) as [number, number];
const STEPS = 30;
const MARK = /[a-z]\d+z/g;
const ACTS = ["type", "type", "type", "insert", "move", "move", "delete", "undo", "redo"] as const;
type Act = (typeof ACTS)[number];

/** Texts by the cells that have them, and those that went with a cell whose remover knew of them. */
class Marks {
  readonly written = new Set<string>();
  readonly removed = new Set<string>();

  /** Have a side do something, and note what it took away that it knew of. */
  watch(notebook: YNotebook, act: () => void, told: string): void {
    const before = new Map(shown(notebook));
    act();
    const after = new Map(shown(notebook));
    assert.equal(after.size, notebook.cells.length, `two cells with one id after ${told}`);
    for (const [id, text] of before) {
      const now = after.get(id);
      for (const mark of marks(text)) {
        if (now === undefined) this.removed.add(mark);
        else assert.ok(now.includes(mark), `${told} took ${mark} out of cell ${id}`);
      }
    }
  }
}

class Side {
  private count = 0;

  constructor(
    private readonly notebook: YNotebook,
    private readonly letter: string,
    private readonly marks: Marks,
    private readonly random: Chance,
  ) {}

  act(what: Act): string {
    const { notebook, random } = this;
    const at = random.below(Math.max(notebook.cells.length, 1));
    const cell = notebook.cells[at];
    const told = `${this.letter} ${what} ${cell?.id ?? "in no cells"}`;
    const twice = new Set(notebook.cells.map(({ id }) => id)).size < notebook.cells.length;
    if (twice || (cell === undefined && what !== "insert")) return `${told}: not now`;
    notebook.undoManager.stopCapturing();
    this.marks.watch(notebook, () => this.change(what, at), told);
    return told;
  }

  private change(what: Act, at: number): void {
    const { notebook, random } = this;
    if (what === "type") {
      const cell = notebook.cells[at]!;
      const place = random.below(2) * cell.getSource().length;
      cell.updateSource(place, place, place === 0 ? `${this.mark()} ` : ` ${this.mark()}`);
    } else if (what === "insert") {
      notebook.insertCell(at, { cell_type: "code", id: `${this.letter}${this.count}`, source: this.mark() });
    } else if (what === "move") {
      notebook.moveCell(at, random.below(notebook.cells.length));
    } else if (what === "delete") {
      notebook.deleteCell(at);
    } else {
      notebook[what]();
    }
  }

  private mark(): string {
    this.count += 1;
    const mark = `${this.letter}${this.count}z`;
    this.marks.written.add(mark);
    return mark;
  }
}

async function walk(seed: number): Promise<void> {
  const random = chance(seed);
  const both = await TabAndRoom.open(["c0z", "c1z", "c2z", "c3z"], random.below(2) === 0);
  const written = new Marks();
  for (const mark of ["c0z", "c1z", "c2z", "c3z"]) written.written.add(mark);
  const person = new Side(both.tab, "p", written, random);
  const agent = new Side(both.room.notebook, "a", written, random);
  const told: string[] = [];
  try {
    for (let step = 0; step < STEPS; step += 1) {
      const kind = random.below(12);
      if (kind < 4) told.push(person.act(ACTS[random.below(ACTS.length)]!));
      else if (kind < 7) told.push(agent.act(ACTS[random.below(ACTS.length - 2)]!));
      else if (kind < 9) told.push("to the room"), await both.deliver("room");
      else if (kind < 11) told.push("to the tab"), await both.deliver("tab");
      else told.push(await between(both, random));
    }
    if (!both.connected) both.join();
    await both.settle();
    const [tab, room] = [shown(both.tab), shown(both.room.notebook)];
    assert.deepEqual(tab, room, "tab and room differ");
    const found = room.flatMap(([, text]) => marks(text)).sort();
    assert.deepEqual(found, [...new Set(found)], "texts that are there twice");
    assert.equal(new Set(room.map(([id]) => id)).size, room.length, "cells that are there twice");
    const lost = [...written.written].filter((mark) => !written.removed.has(mark) && !found.includes(mark));
    assert.deepEqual(lost, [], "lost");
  } catch (error) {
    const now = [both.tab, both.room.notebook].map((one) => JSON.stringify(shown(one)));
    throw new Error([`seed ${seed}`, ...told, ...now].join("\n"), { cause: error });
  } finally {
    both.close();
  }
}

/** What happens to the connection. */
async function between(both: TabAndRoom, random: Chance): Promise<string> {
  const what = random.below(4);
  if (what === 0 && both.connected) return both.cut(), "cut";
  if (!both.connected) return both.join(), "joined";
  if (what === 1) return await both.settle(), "settled";
  return await both.probe(), "asked";
}

function marks(text: string): string[] {
  return text.match(MARK) ?? [];
}

test("nothing is lost that its remover did not know of, and nothing is there twice", async () => {
  for (let seed = FIRST; seed < PAST; seed += 1) await walk(seed);
});
