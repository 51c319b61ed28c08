/** The log can be held still, to be read while calls go on. */

import { computed, signal } from "@preact/signals";
import { entries } from "../state";
import type { LogEntry } from "./entries";

/** The entries as they were when it was held, and whether a button did that. */
interface Held {
  readonly entries: readonly LogEntry[];
  readonly byButton: boolean;
}

const held = signal<Held | null>(null);

export const paused = computed(() => held.value?.byButton ?? false);
/** What the log lists now. */
export const listed = computed(() => held.value?.entries ?? entries.value);
/** Calls that came since it was held. */
export const newCalls = computed(() => {
  const before = held.value?.entries[0];
  if (held.value === null) return 0;
  const at = before === undefined ? -1 : entries.value.indexOf(before);
  return (at < 0 ? entries.value : entries.value.slice(0, at)).filter(({ kind }) => kind === "call").length;
});

export function pause(): void {
  held.value = { entries: listed.value, byButton: true };
}

export function resume(): void {
  held.value = null;
}

/** Whoever has scrolled away from the last calls is reading: the list stays where it is. */
export function scrolled(atTop: boolean): void {
  if (held.value?.byButton) return;
  if (atTop) held.value = null;
  else held.value ??= { entries: entries.value, byButton: false };
}
