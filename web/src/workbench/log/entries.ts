/** What the log lists: calls that are over, and where some are missing. Also how both are kept. */

import type { CallRow } from "../state";

/** A call by a key that no other has, also none of before the server was restarted. */
interface CallEntry {
  readonly kind: "call";
  readonly key: string;
  readonly row: CallRow;
  /** In lower case, what a person may look for. */
  readonly text: string;
}

/** A sentence between calls; `gap` if it is about a time without the server. */
interface NoteEntry {
  readonly kind: "note";
  readonly key: string;
  readonly note: string;
  readonly gap: boolean;
}

export type LogEntry = CallEntry | NoteEntry;

export const KEPT_ENTRIES = 1_000;
/** Characters of a call's arguments that are looked through. */
const SEARCHED_CHARACTERS = 2_000;

let notes = 0;

/** Numbers start anew with the server, and nothing begins at the same millisecond twice with one. */
export function callKey(row: CallRow): string {
  return `${row.call} ${row.began}`;
}

export function callEntry(row: CallRow, args?: unknown): LogEntry {
  const searched = [row.tool, row.client, row.session, row.notebook_path, row.error];
  const given = args === undefined ? "" : JSON.stringify(args).slice(0, SEARCHED_CHARACTERS);
  return {
    kind: "call",
    key: callKey(row),
    row,
    text: `${searched.filter(Boolean).join("\n")}\n${given}`.toLowerCase(),
  };
}

export function noteEntry(note: string, gap = false): LogEntry {
  notes += 1;
  return { kind: "note", key: `note ${notes}`, note, gap };
}

/** With these before, the last one of which came last. */
export function withNew(entries: readonly LogEntry[], more: readonly LogEntry[]): readonly LogEntry[] {
  if (more.length === 0) return entries;
  return [...[...more].reverse(), ...entries].slice(0, KEPT_ENTRIES);
}

/**
 * With the calls of a server's snapshot, the last one first, that are not there yet. `gap` is a note
 * that goes below them where calls between may be missing: where none of them was known.
 */
export function withSnapshot(
  entries: readonly LogEntry[],
  rows: readonly CallRow[],
  gap: string,
): readonly LogEntry[] {
  const known = new Set(entries.map((entry) => entry.key));
  const unknown = rows.filter((row) => !known.has(callKey(row)));
  const more = unknown.map((row) => callEntry(row)).reverse();
  if (entries.length === 0 || unknown.length < rows.length) return withNew(entries, more);
  // A server that is started again and again must not fill the log with notes.
  const [last] = entries;
  const before = last?.kind === "note" && last.gap ? entries.slice(1) : entries;
  return withNew(before, [noteEntry(gap, true), ...more]);
}
