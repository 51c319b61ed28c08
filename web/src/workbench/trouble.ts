/** Why the page does not follow the server just now, and when it tries again. */

import { signal } from "@preact/signals";

export interface Trouble {
  /** Why, in a sentence: the server's own where it said something. */
  readonly why: string;
  /** When that began, and when the next try is; by this browser's clock. */
  readonly since: number;
  readonly nextTry: number | null;
}

export const trouble = signal<Trouble | null>(null);

/** That something is wrong, or still is. */
export function troubled(why: string, nextTry: number | null = null): void {
  trouble.value = { why, since: trouble.value?.since ?? Date.now(), nextTry };
}
