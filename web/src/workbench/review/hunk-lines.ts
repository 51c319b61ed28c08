/** Lines of a hunk, side by side where one took the place of another. */

import type { Schemas } from "../../server/client";
import { comparedLines, type Part } from "./intra-line";

export type Hunk = Schemas["ReviewHunk"];

/** A line of one side: its number from 1, and its parts. */
export interface Line {
  readonly number: number;
  readonly parts: readonly Part[];
}

/** Two lines beside each other; the same one twice where nothing changed, and null where there is none. */
export interface Pair {
  readonly kind: "same" | "changed";
  readonly old: Line | null;
  readonly fresh: Line | null;
}

/** The lines of a hunk: those that are gone beside those that came in their place, as far as there are. */
export function pairs(hunk: Hunk): Pair[] {
  const found: Pair[] = [];
  let [old, fresh] = [hunk.old_start, hunk.new_start];
  let gone: string[] = [];
  let came: string[] = [];
  const flush = () => {
    for (let at = 0; at < Math.max(gone.length, came.length); at++) {
      const [before, after] = [gone[at], came[at]];
      const [oldParts, freshParts] =
        before !== undefined && after !== undefined
          ? comparedLines(before, after)
          : [plain(before ?? ""), plain(after ?? "")];
      found.push({
        kind: "changed",
        old: before === undefined ? null : { number: old++, parts: oldParts },
        fresh: after === undefined ? null : { number: fresh++, parts: freshParts },
      });
    }
    gone = [];
    came = [];
  };
  for (const line of hunk.lines) {
    const text = line.slice(1);
    if (line.startsWith("-")) {
      if (came.length > 0) flush();
      gone.push(text);
    } else if (line.startsWith("+")) {
      came.push(text);
    } else {
      flush();
      const parts = plain(text);
      found.push({ kind: "same", old: { number: old++, parts }, fresh: { number: fresh++, parts } });
    }
  }
  flush();
  return found;
}

function plain(text: string): Part[] {
  return [{ text, changed: false }];
}
