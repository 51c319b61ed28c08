/** Joins two changes of one text, so that nothing that either side wrote is lost. */

import { change, kept, parted, type Change, type Parts } from "./text_diff";

/** One side's version of a stretch, and where it has each part of the base (-1: nowhere). */
interface Side {
  parts: Parts;
  kept: readonly number[];
}

/**
 * `theirs` with what `mine` changed of `base`, by words. What one side took out is gone; where both wrote
 * at one place, both stand, `mine` first, and only once what is the same.
 */
export function merged(base: string, mine: string, theirs: string): string {
  if (mine === base || mine === theirs) return theirs;
  if (theirs === base) return mine;
  const [known, ...sides] = parted(base, mine, theirs);
  const [my, their] = sides.map((side): Side => ({ parts: side, kept: kept(known!, side) }));
  return byStretches(known!, my!, their!);
}

/** Between parts that both sides kept there is what one of them or both changed. */
function byStretches(base: Parts, mine: Side, theirs: Side): string {
  let text = "";
  let [b, m, t] = [0, 0, 0];
  for (let i = 0; i <= base.length; i += 1) {
    const [toMine, toTheirs] = [mine.kept[i] ?? mine.parts.length, theirs.kept[i] ?? theirs.parts.length];
    if (toMine < 0 || toTheirs < 0) continue;
    text += stretch(base.slice(b, i), part(mine, b, i, m, toMine), part(theirs, b, i, t, toTheirs));
    text += base[i] ?? "";
    [b, m, t] = [i + 1, toMine + 1, toTheirs + 1];
  }
  return text;
}

function part(side: Side, start: number, end: number, from: number, to: number): Side {
  const places = side.kept.slice(start, end).map((at) => (at < 0 ? at : at - from));
  return { parts: side.parts.slice(from, to), kept: places };
}

/** A stretch of which no part was kept by both. */
function stretch(base: Parts, mine: Side, theirs: Side): string {
  const [b, m, t] = [base, mine.parts, theirs.parts].map((parts) => parts.join("")) as [string, string, string];
  if (m === b || m === t) return t;
  if (t === b) return m;
  return sideBySide(b, m, t) ?? byPlaces(mine, theirs);
}

/** Both changes, each as one stretch of characters, where these do not overlap; else null. */
function sideBySide(base: string, mine: string, theirs: string): string | null {
  for (const my of change(base, mine)) {
    for (const their of change(base, theirs)) {
      const bothInsert = my.start === their.end && their.start === my.end;
      if (bothInsert) return put(base, { ...my, text: either(my.text, their.text) });
      if (my.end <= their.start) return put(put(base, their), my);
      if (their.end <= my.start) return put(put(base, my), their);
    }
  }
  return null;
}

/** What both wrote, place by place: of the base nothing is left here. */
function byPlaces(mine: Side, theirs: Side): string {
  const their = written(theirs);
  return written(mine)
    .map((text, place) => either(text, their[place]!))
    .join("");
}

/** What a side wrote before each part of the base, and after the last one. */
function written({ parts, kept }: Side): string[] {
  const places = Array<string>(kept.length + 1).fill("");
  let [place, from] = [0, 0];
  kept.forEach((at, i) => {
    if (at < 0) return;
    places[place] = parts.slice(from, at).join("");
    [place, from] = [i + 1, at + 1];
  });
  places[place] = parts.slice(from).join("");
  return places;
}

function either(mine: string, theirs: string): string {
  if (mine.includes(theirs)) return mine;
  return theirs.includes(mine) ? theirs : mine + theirs;
}

function put(text: string, { start, end, text: instead }: Change): string {
  return text.slice(0, start) + instead + text.slice(end);
}
