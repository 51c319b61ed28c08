/** Which calls of the log a person wants to see. */

import { computed, signal } from "@preact/signals";
import { entries, type CallRow } from "../state";
import type { LogEntry } from "./entries";

export const FAILED = "failed";

export const text = signal("");
export const tool = signal("");
export const session = signal("");
/** An outcome, or FAILED for all but ok. */
export const outcome = signal("");

export const filtering = computed(
  () => [text, tool, session, outcome].filter((one) => one.value !== "").length,
);

export function clearFilter(): void {
  for (const one of [text, tool, session, outcome]) one.value = "";
}

/** A session as the log names it: ids are masked, so that its client tells more. */
export function sessionName({ session: id, client }: CallRow): string {
  return id ? `${client ?? "no name"} ${id}` : "";
}

/** The values that there are to choose from, each with how many calls have it. */
export const choices = computed(() => {
  const found = { tools: new Map(), sessions: new Map(), outcomes: new Map() };
  for (const entry of entries.value) {
    if (entry.kind !== "call") continue;
    count(found.tools, entry.row.tool);
    count(found.sessions, sessionName(entry.row));
    count(found.outcomes, entry.row.outcome);
  }
  return {
    tools: sorted(found.tools),
    sessions: sorted(found.sessions),
    outcomes: sorted(found.outcomes),
  };
});

/** Whether the filter lets a call through; notes are about all calls. */
export function wanted(entry: LogEntry): boolean {
  if (entry.kind === "note") return filtering.value === 0;
  const { row } = entry;
  return (
    (tool.value === "" || row.tool === tool.value) &&
    (session.value === "" || sessionName(row) === session.value) &&
    (outcome.value === "" || rightOutcome(row.outcome)) &&
    words.value.every((word) => entry.text.includes(word))
  );
}

const words = computed(() => text.value.toLowerCase().split(/\s+/).filter(Boolean));

function rightOutcome(given: string): boolean {
  return outcome.value === FAILED ? given !== "ok" && given !== "running" : given === outcome.value;
}

function count(counts: Map<string, number>, value: string): void {
  if (value !== "") counts.set(value, (counts.get(value) ?? 0) + 1);
}

function sorted(counts: Map<string, number>): readonly (readonly [string, number])[] {
  return [...counts].sort(([a], [b]) => a.localeCompare(b));
}
