/** What two versions of a text have in common, by words or by lines, or as one stretch. */

export interface Change {
  start: number;
  end: number;
  text: string;
}

const WORDS = /[\p{L}\p{M}\p{N}_]+|\n|[^\S\n]+|[^\p{L}\p{M}\p{N}_\s]/gu;
const LINES = /[^\n]*\n|[^\n]+$/g;

/** Above so many pairs of parts a comparison would hold the page up. */
const MOST_PAIRS = 250_000;

export type Parts = readonly string[];

/** A text and others in parts that can be compared with its own: words, or lines where these are too
 * many. */
export function parted(base: string, ...others: string[]): Parts[] {
  const texts = [base, ...others];
  const [first, ...rest] = texts.map((text) => text.match(WORDS) ?? []);
  if (rest.every((other) => pairs(first!, other) <= MOST_PAIRS)) return [first!, ...rest];
  return texts.map((text) => text.match(LINES) ?? []);
}

/** For each part of `base` where `other` has it, -1 where it does not: the common subsequence that weighs
 * most; of texts that are too large, what they begin and end with. */
export function kept(base: Parts, other: Parts): number[] {
  return early(base, other, heaviest(base, other));
}

function heaviest(base: Parts, other: Parts): number[] {
  const found = Array<number>(base.length).fill(-1);
  const [start, end] = ends(base, other);
  const [rows, columns] = [base.length - start - end, other.length - start - end];
  for (let i = 0; i < start; i += 1) found[i] = i;
  for (let i = 1; i <= end; i += 1) found[base.length - i] = other.length - i;
  if (rows * columns > MOST_PAIRS) return found;
  const width = columns + 1;
  const weights = new Uint32Array((rows + 1) * width);
  for (let i = rows - 1; i >= 0; i -= 1) {
    for (let j = columns - 1; j >= 0; j -= 1) {
      const at = i * width + j;
      weights[at] =
        base[start + i] === other[start + j]
          ? weights[at + width + 1]! + weight(base[start + i]!)
          : Math.max(weights[at + width]!, weights[at + 1]!);
    }
  }
  for (let i = 0, j = 0; i < rows && j < columns; ) {
    const at = i * width + j;
    if (base[start + i] === other[start + j]) found[start + i++] = start + j++;
    else if (weights[at + width]! >= weights[at + 1]!) i += 1;
    else j += 1;
  }
  return found;
}

/** Of equal parts the first ones count as kept, so that what both sides put in or took out at one place is
 * at one place. */
function early(base: Parts, other: Parts, places: number[]): number[] {
  let [next, from] = [0, 0];
  for (let i = 0; i < base.length; i += 1) {
    next = Math.max(next, i);
    while (next < base.length && places[next]! < 0) next += 1;
    if (next > i && next < base.length && other[places[next]!] === base[i]) {
      [places[i], places[next]] = [places[next]!, -1];
    }
    if (places[i]! < 0) continue;
    if (other[from] === base[i]) places[i] = from;
    from = places[i]! + 1;
  }
  return places;
}

/** The one stretch of `before` that is another in `after`: as far back as it can be, and as far ahead. */
export function change(before: string, after: string): [back: Change, ahead: Change] {
  const backwards = (text: string): string[] => text.split("").reverse();
  const stretch = (start: number, end: number): Change => {
    return { start, end: before.length - end, text: after.slice(start, after.length - end) };
  };
  const [end, start] = ends(backwards(before), backwards(after));
  return [stretch(start, end), stretch(...ends(before, after))];
}

/** What makes `before` to `after`, by words, from the first to the last. */
export function changes(before: string, after: string): Change[] {
  const [parts, others] = parted(before, after);
  const places = [...kept(parts!, others!), others!.length];
  const found: Change[] = [];
  let [start, end, from] = [0, 0, 0];
  places.forEach((at, i) => {
    const part = parts![i] ?? "";
    if (at >= 0) {
      const text = others!.slice(from, at).join("");
      if (start < end || text !== "") found.push({ start, end, text });
      [start, from] = [end + part.length, at + 1];
    }
    end += part.length;
  });
  return found;
}

/** How many parts, or characters, both begin and end with. */
function ends(one: ArrayLike<string>, other: ArrayLike<string>): [start: number, end: number] {
  const shorter = Math.min(one.length, other.length);
  let start = 0;
  while (start < shorter && one[start] === other[start]) start += 1;
  let end = 0;
  while (end < shorter - start && one[one.length - 1 - end] === other[other.length - 1 - end]) end += 1;
  return [start, end];
}

/** A word says more than any number of signs, and a sign more than any number of spaces. */
function weight(part: string): number {
  return /[\p{L}\p{N}]/u.test(part) ? 2 ** 20 : /\S/.test(part) ? 2 ** 10 : 1;
}

function pairs(one: Parts, other: Parts): number {
  const [start, end] = ends(one, other);
  return (one.length - start - end) * (other.length - start - end);
}
