/** Joins two changes of one text. */

export interface Change {
  start: number;
  end: number;
  text: string;
}

/** `theirs` with what `mine` changed of `base`; what both wrote at one place stays twice. */
export function joined(base: string, mine: string, theirs: string): string {
  if (mine === base || mine === theirs) return theirs;
  if (theirs === base) return mine;
  const [my, their] = [change(base, mine), change(base, theirs)];
  if (my.start <= their.start && their.end <= my.end && my.text.includes(their.text)) return mine;
  const moved = theirs.length - base.length;
  if (their.end <= my.start) return put(theirs, { ...my, start: my.start + moved, end: my.end + moved });
  if (my.end <= their.start) return put(theirs, my);
  const at = their.start + their.text.length;
  return put(theirs, { start: at, end: at, text: my.text });
}

/** The one stretch of `before` that is another in `after`. */
export function change(before: string, after: string): Change {
  const shorter = Math.min(before.length, after.length);
  let start = 0;
  while (start < shorter && before[start] === after[start]) start += 1;
  let same = 0;
  while (same < shorter - start && before[before.length - 1 - same] === after[after.length - 1 - same]) same += 1;
  return { start, end: before.length - same, text: after.slice(start, after.length - same) };
}

function put(text: string, change: Change): string {
  return text.slice(0, change.start) + change.text + text.slice(change.end);
}
