import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { shown, TabAndRoom } from "./tab_and_room";

let both: TabAndRoom;
afterEach(() => both.close());

/** Both have these cells, after all has arrived. */
async function have(...cells: [id: string, source: string][]): Promise<void> {
  await both.settle();
  assert.deepEqual(shown(both.tab), cells);
  assert.deepEqual(shown(both.room.notebook), cells);
}

function type(index: number, text: string): void {
  const cell = both.tab.cells[index]!;
  cell.updateSource(cell.getSource().length, cell.getSource().length, text);
}

function write(index: number, text: string): void {
  both.room.notebook.cells[index]!.updateSource(0, 0, text);
}

test("what is typed in a cell while it is moved goes with it", async () => {
  both = await TabAndRoom.open(["x = 1", "y = 1"]);
  type(0, " + 2");
  write(0, "# why\n");
  both.room.notebook.moveCell(0, 1);
  await have(["c1", "y = 1"], ["c0", "# why\nx = 1 + 2"]);
});

test("a cell in which something is typed while it is deleted comes back to its place", async () => {
  both = await TabAndRoom.open(["a", "b", "c", "d"]);
  type(1, " + 1");
  both.room.notebook.deleteCell(0);
  both.room.notebook.deleteCell(0);
  await have(["c1", "b + 1"], ["c2", "c"], ["c3", "d"]);
});

test("a cell that was deleted by who knew all of it stays away, whenever that was typed", async () => {
  both = await TabAndRoom.open(["a", "b"]);
  type(0, " + 1");
  await both.deliver("room");
  both.room.notebook.deleteCell(0);
  await have(["c1", "b"]);
});

test("what is put back is not taken back by an undo", async () => {
  both = await TabAndRoom.open(["a", "b"]);
  type(0, " + 1");
  both.room.notebook.deleteCell(0);
  await have(["c0", "a + 1"], ["c1", "b"]);
  both.tab.undo();
  both.tab.cells[0]!.undo();
  await have(["c0", "a + 1"], ["c1", "b"]);
});

test("the undo of a move moves back, and leaves what was written since", async () => {
  both = await TabAndRoom.open(["a", "b"]);
  both.tab.moveCell(0, 1);
  await both.settle();
  write(1, "# agent\n");
  await both.settle();
  type(1, " + 1");
  both.tab.undo();
  assert.deepEqual(shown(both.tab), [["c0", "# agent\na + 1"], ["c1", "b"]]);
  await have(["c0", "# agent\na + 1"], ["c1", "b"]);
  type(0, " + 2");
  both.tab.redo();
  await have(["c1", "b"], ["c0", "# agent\na + 1 + 2"]);
});

test("the room gets an undo and the text that stays as one change", async () => {
  both = await TabAndRoom.open(["a", "b"]);
  both.tab.moveCell(0, 1);
  type(1, " + 1");
  await both.settle();
  both.tab.undo();
  const seen: string[] = [];
  both.room.notebook.ydoc.on("afterTransaction", () => seen.push(JSON.stringify(shown(both.room.notebook))));
  await have(["c0", "a + 1"], ["c1", "b"]);
  assert.ok(seen.every((cells) => cells.includes("a + 1")));
});

test("the undo of a delete brings no second cell where others have put it back", async () => {
  both = await TabAndRoom.open(["a", "b"]);
  write(0, "# agent\n");
  both.tab.deleteCell(0);
  await have(["c0", "# agent\na"], ["c1", "b"]);
  both.tab.undo();
  await have(["c0", "# agent\na"], ["c1", "b"]);
  both.tab.redo();
  await have(["c0", "# agent\na"], ["c1", "b"]);
});

test("the undo of a move brings no second cell where others have moved it on", async () => {
  both = await TabAndRoom.open(["a", "b", "c"]);
  both.tab.moveCell(0, 1);
  await both.settle();
  both.room.notebook.moveCell(1, 2);
  await both.settle();
  type(2, " + 1");
  both.tab.undo();
  await have(["c1", "b"], ["c2", "c"], ["c0", "a + 1"]);
});

test("what was typed without a connection stays in a cell that was moved or deleted meanwhile", async () => {
  both = await TabAndRoom.open(["a", "b", "c"]);
  type(0, " + 1");
  both.cut();
  type(0, " + 2");
  type(1, " + 3");
  both.room.notebook.moveCell(0, 2);
  write(2, "# agent\n");
  both.room.notebook.deleteCell(0);
  both.join();
  await have(["c1", "b + 3"], ["c2", "c"], ["c0", "# agent\na + 1 + 2"]);
});

for (const mover of ["tab", "room"] as const) {
  test(`what had arrived when the connection was lost is not there twice after a move by the ${mover}`, async () => {
    both = await TabAndRoom.open(["a", "b"]);
    type(0, " + 1");
    await both.deliver("room");
    both.cut();
    type(0, " + 2");
    both.room.notebook.cells[0]!.updateSource(5, 5, " # agent");
    (mover === "tab" ? both.tab : both.room.notebook).moveCell(0, 1);
    both.join();
    await have(["c1", "b"], ["c0", "a + 1 + 2 # agent"]);
  });
}

test("a cell that was moved without a connection has what others wrote meanwhile", async () => {
  both = await TabAndRoom.open(["a", "b"]);
  both.cut();
  type(0, " + 1");
  both.tab.moveCell(0, 1);
  type(1, " + 2");
  both.tab.moveCell(1, 0);
  both.tab.deleteCell(1);
  write(0, "# agent\n");
  write(1, "# agent\n");
  both.join();
  await have(["c0", "# agent\na + 1 + 2"], ["c1", "# agent\nb"]);
});

test("several cells that are removed at once come back in their order", async () => {
  both = await TabAndRoom.open(["a", "b", "c", "d"]);
  for (const index of [0, 1, 2, 3]) type(index, " + 1");
  both.room.notebook.deleteCellRange(0, 4);
  await have(["c0", "a + 1"], ["c1", "b + 1"], ["c2", "c + 1"], ["c3", "d + 1"]);
});
