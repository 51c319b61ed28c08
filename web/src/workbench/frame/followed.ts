/** Which session the frame follows. */

import { signal } from "@preact/signals";

/** The key of that session. */
export const followed = signal<string | null>(null);
/** What following does just now, where that is worth a word. */
export const followNote = signal<string | null>(null);

/** The person chose something else to see. */
export function stopFollowing(): void {
  if (followed.value === null) return;
  followed.value = null;
  followNote.value = null;
}
