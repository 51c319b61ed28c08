import assert from "node:assert/strict";
import { test } from "node:test";
import { merged } from "../src/rooms/text_merge";
import { changes } from "../src/rooms/text_diff";
import { chance, type Chance } from "./chance";

const CASES: [what: string, base: string, mine: string, theirs: string, both: string][] = [
  ["one side alone", "a = 1", "a = 2", "a = 1", "a = 2"],
  ["both the same", "a", "a b", "a b", "a b"],
  ["at both ends", "x = 1", "x = 1 + 2", "# why\nx = 1", "# why\nx = 1 + 2"],
  ["in two places each", "a\nb\nc\nd", "a1\nb\nc\nd1", "a\nb2\nc2\nd", "a1\nb2\nc2\nd1"],
  ["at one place", "x", "x + 1", "x + 2", "x + 1 + 2"],
  ["a word goes on, and a line comes before it", "pri", "print", "# a\npri", "# a\nprint"],
  ["a word goes on in two ways", "foo", "foobar", "foo2", "foobar2"],
  ["one has a word more at one place", "a c", "p a q b c", "r a b c s", "p r a q b c s"],
  ["one has what the other has", "", "total = 1", "total = 1 + 2", "total = 1 + 2"],
  ["each took something out", "a b c d", "a c d", "a b c", "a c"],
  ["one took out what the other changed", "a = 1\nb = 2", "a = 1", "a = 1\nb = 3", "a = 13"],
  ["both replaced it", "old", "mine", "theirs", "minetheirs"],
  ["one put a word before one that the other took out", "a b", "a", "a c b", "a c"],
  ["one put a word after one that the other took out", "a b d", "a d", "a b c d", "a c d"],
  ["one emptied it", "a b", "", "a b c", " c"],
  ["both began", "", "a", "b", "ab"],
  ["letters of other scripts", "größe 1", "größe 12", "# ß\ngröße 1", "# ß\ngröße 12"],
  ["pairs of surrogates", "a 😀 b", "a 😁 b", "a 😀 c", "a 😁 c"],
];

for (const [what, base, mine, theirs, both] of CASES) {
  test(what, () => assert.equal(merged(base, mine, theirs), both));
}

test("texts that are too large for words are joined by lines, or as what lies between equal ends", () => {
  const lines = Array.from({ length: 900 }, (_, n) => `line ${n} of many`);
  const edited = (text: string, one: string, instead: string): string => text.replace(one, instead);
  for (const size of [400, 900]) {
    const base = lines.slice(0, size).join("\n");
    const mine = edited(edited(base, "line 1 of", "line one of"), `line ${size - 20} of`, "line mine of");
    const theirs = edited(base, `line ${size - 2} of`, "line theirs of");
    const both = edited(mine, `line ${size - 2} of`, "line theirs of");
    assert.equal(merged(base, mine, theirs), both);
  }
  const unlike = (letter: string): string => Array.from({ length: 600 }, (_, n) => `${letter}${n}\n`).join("");
  assert.equal(merged(unlike("a"), unlike("b"), unlike("c")), unlike("b") + unlike("c"));
});

test("whatever two sides do, nothing that either wrote is lost, and nothing is there twice", () => {
  for (let seed = 0; seed < 3000; seed += 1) {
    const random = chance(seed);
    const base = Array.from({ length: random.below(8) }, (_, n) => `b${n}`);
    const [mine, theirs] = [changed(base, "m", random), changed(base, "t", random)];
    const both = merged(base.join(" "), mine.join(" "), theirs.join(" "));
    const found: string[] = both.match(/[bmt]\d+/g) ?? [];
    const told = `${seed}: ${base.join(" ")} | ${mine.join(" ")} | ${theirs.join(" ")} -> ${both}`;
    const stay = base.filter((word) => mine.includes(word) && theirs.includes(word));
    const written = [...mine, ...theirs].filter((word) => !word.startsWith("b"));
    assert.deepEqual([...found].sort(), [...stay, ...written].sort(), told);
    for (const side of [mine, theirs]) {
      const order = side.filter((word) => found.includes(word));
      assert.deepEqual(found.filter((word) => side.includes(word)), order, `in another order: ${told}`);
    }
  }
});

test("the changes from one text to another are single words", () => {
  assert.deepEqual(changes("x = 1", "# why\nx = 1 + 2"), [
    { start: 0, end: 0, text: "# why\n" },
    { start: 5, end: 5, text: " + 2" },
  ]);
  for (let seed = 0; seed < 500; seed += 1) {
    const random = chance(seed);
    const base = Array.from({ length: random.below(8) }, (_, n) => `b${n}`);
    const [before, after] = [changed(base, "m", random).join(" "), changed(base, "t", random).join(" ")];
    const made = changes(before, after)
      .reverse()
      .reduce((text, { start, end, text: instead }) => text.slice(0, start) + instead + text.slice(end), before);
    assert.equal(made, after);
  }
});

/** The words with some taken out and others put in. */
function changed(base: string[], letter: string, random: Chance): string[] {
  const words = base.filter(() => random.below(4) > 0);
  for (let n = random.below(4); n > 0; n -= 1) words.splice(random.below(words.length + 1), 0, `${letter}${n}`);
  return words;
}
