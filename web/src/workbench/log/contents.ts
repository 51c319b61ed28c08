/**
 * Arguments and results of calls. The server sends them once, when a call is over, and keeps none:
 * what a person can open is what this page has kept. That is bounded; the oldest go first.
 */

import { signal } from "@preact/signals";

/** As the server cuts what is longer: the beginning of its JSON. */
export interface Cut {
  readonly cut: string;
  readonly characters: number | null;
}

export interface CallContents {
  readonly arguments: unknown;
  readonly result: unknown;
  readonly error: string | null;
  readonly characters: number;
}

export const KEPT_CHARACTERS = 10_000_000;
export const KEPT_CALLS = 1_000;

const kept = new Map<string, CallContents>();
const dropped = new Set<string>();
let characters = 0;
/** Goes up when contents are dropped, so that what shows them is shown anew. */
const generation = signal(0);

/** Keep what a call carried. */
export function keepContents(key: string, contents: CallContents): void {
  kept.set(key, contents);
  characters += contents.characters;
  for (const [oldest, its] of kept) {
    if (kept.size <= KEPT_CALLS && characters <= KEPT_CHARACTERS) break;
    kept.delete(oldest);
    characters -= its.characters;
    dropped.add(oldest);
    generation.value += 1;
  }
}

/** What that call carried; `dropped` if it was here and is no more, `missed` if it never was. */
export function contentsOf(key: string): CallContents | "dropped" | "missed" {
  generation.value; // whoever asks is asked again when something was dropped
  return kept.get(key) ?? (dropped.has(key) ? "dropped" : "missed");
}

/** Forget that these calls were ever here, as the log itself lists them no more. */
export function forgetContents(listed: ReadonlySet<string>): void {
  for (const key of dropped) if (!listed.has(key)) dropped.delete(key);
  for (const [key, its] of kept) {
    if (listed.has(key)) continue;
    kept.delete(key);
    characters -= its.characters;
  }
}

export function isCut(value: unknown): value is Cut {
  if (typeof value !== "object" || value === null) return false;
  const names = Object.keys(value);
  return names.length === 2 && "characters" in value && "cut" in value && typeof value.cut === "string";
}
