/** Which words of two lines differ. */

/** A part of a line, and whether the other line does not have it. */
export interface Part {
  readonly text: string;
  readonly changed: boolean;
}

/** Words of both lines together beyond which only their common beginning and end are looked for. */
const MOST_WORDS = 400;

/** The parts of both lines. Lines with little in common are one part each, which nothing marks. */
export function comparedLines(before: string, after: string): [Part[], Part[]] {
  const [old, fresh] = [words(before), words(after)];
  const [keptOld, keptFresh] = common(old, fresh);
  const kept = [...keptOld].reduce((sum, at) => sum + (old[at]?.trim().length ?? 0), 0);
  const shorter = Math.min(solid(before), solid(after));
  if (kept * 2 < shorter || shorter === 0) return [whole(before), whole(after)];
  return [parts(old, keptOld), parts(fresh, keptFresh)];
}

/** Characters that are not blank. */
function solid(text: string): number {
  return text.replace(/\s/g, "").length;
}

function whole(text: string): Part[] {
  return [{ text, changed: false }];
}

function words(line: string): string[] {
  return line.match(/[\p{L}\p{N}_]+|\s+|[^\p{L}\p{N}_\s]/gu) ?? [];
}

/** The indices of words that both have in the same order. */
function common(old: readonly string[], fresh: readonly string[]): [Set<number>, Set<number>] {
  const kept: [Set<number>, Set<number>] = [new Set(), new Set()];
  const keep = (i: number, j: number) => void (kept[0].add(i), kept[1].add(j));
  let start = 0;
  let [oldEnd, freshEnd] = [old.length, fresh.length];
  while (start < oldEnd && start < freshEnd && old[start] === fresh[start]) keep(start, start++);
  while (oldEnd > start && freshEnd > start && old[oldEnd - 1] === fresh[freshEnd - 1]) keep(--oldEnd, --freshEnd);
  const [height, width] = [oldEnd - start, freshEnd - start];
  if (height + width > MOST_WORDS) return kept;
  // The longest common subsequence of what is between: its length from each pair of words on.
  const at = (i: number, j: number) => i * (width + 1) + j;
  const length = new Uint16Array((height + 1) * (width + 1));
  const long = (i: number, j: number) => length[at(i, j)] ?? 0;
  const same = (i: number, j: number) => old[start + i] === fresh[start + j];
  for (let i = height - 1; i >= 0; i--) {
    for (let j = width - 1; j >= 0; j--) {
      length[at(i, j)] = same(i, j) ? long(i + 1, j + 1) + 1 : Math.max(long(i + 1, j), long(i, j + 1));
    }
  }
  for (let i = 0, j = 0; i < height && j < width; ) {
    if (same(i, j)) keep(start + i++, start + j++);
    else if (long(i + 1, j) >= long(i, j + 1)) i++;
    else j++;
  }
  return kept;
}

/** The words joined to parts. */
function parts(all: readonly string[], kept: ReadonlySet<number>): Part[] {
  const found: { text: string; changed: boolean }[] = [];
  all.forEach((text, at) => {
    const changed = !kept.has(at);
    const last = found.at(-1);
    if (last?.changed === changed) last.text += text;
    else found.push({ text, changed });
  });
  return found;
}
