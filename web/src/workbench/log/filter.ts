/** Which calls of the log a person wants to see. */

import { computed, signal } from "@preact/signals";
import { entries, type CallRow } from "../state";
import { isOwn } from "./call-line";
import type { LogEntry } from "./entries";

export const FAILED = "failed";
export const NOT_OWN = "not own";

export const text = signal("");
export const tool = signal("");
/** A session by `sessionOf`, or NOT_OWN for all but the page's. */
export const session = signal("");
/** An outcome, or FAILED for all but ok. */
export const outcome = signal("");

export const filtering = computed(
  () => [text, tool, session, outcome].filter((one) => one.value !== "").length,
);

/** All of it, for whoever wants to know that something of it changes. */
export const chosen = computed(() => [text.value, tool.value, session.value, outcome.value].join("\n"));

export function clearFilter(): void {
  for (const one of [text, tool, session, outcome]) one.value = "";
}

/** What tells sessions apart: ids of others are masked, so that their client tells more. */
export function sessionOf({ session, session_id, client }: CallRow): string {
  return session_id ?? (session ? `${client ?? ""} ${session}` : "");
}

/** A value to choose, as a person reads it, and how many calls have it. */
export interface Choice {
  readonly value: string;
  readonly name: string;
  readonly times: number;
}

/** The values that there are to choose from. */
export const choices = computed(() => {
  const found = { tools: new Map(), sessions: new Map(), outcomes: new Map() };
  const names = new Map<string, string>();
  for (const entry of entries.value) {
    if (entry.kind !== "call") continue;
    count(found.tools, entry.row.tool);
    count(found.sessions, sessionOf(entry.row));
    names.set(sessionOf(entry.row), nameOf(entry.row));
    count(found.outcomes, entry.row.outcome);
  }
  return {
    tools: sorted(found.tools),
    sessions: sorted(found.sessions, names),
    outcomes: sorted(found.outcomes),
  };
});

/** Whether the filter lets a call through; notes are about all calls. */
export function wanted(entry: LogEntry): boolean {
  if (entry.kind === "note") return filtering.value === 0;
  const { row } = entry;
  return (
    (tool.value === "" || row.tool === tool.value) &&
    (session.value === "" || rightSession(row)) &&
    (outcome.value === "" || rightOutcome(row.outcome)) &&
    words.value.every((word) => entry.text.includes(word))
  );
}

const words = computed(() => text.value.toLowerCase().split(/\s+/).filter(Boolean));

function nameOf(row: CallRow): string {
  return `${isOwn(row) ? "this page" : (row.client ?? "no name")} ${row.session}`;
}

function rightOutcome(given: string): boolean {
  return outcome.value === FAILED ? given !== "ok" && given !== "running" : given === outcome.value;
}

function rightSession(row: CallRow): boolean {
  return session.value === NOT_OWN ? !isOwn(row) : sessionOf(row) === session.value;
}

function count(counts: Map<string, number>, value: string): void {
  if (value !== "") counts.set(value, (counts.get(value) ?? 0) + 1);
}

function sorted(counts: Map<string, number>, names = new Map<string, string>()): readonly Choice[] {
  return [...counts]
    .map(([value, times]) => ({ value, times, name: names.get(value) ?? value }))
    .sort((a, b) => a.name.localeCompare(b.name));
}
