/** Parts of the page that act on what the server's stream tells, beside what the page shows of it. */

import type { ActivityEvent } from "../server/activity";

type Listener = (event: ActivityEvent) => void;

const listeners = new Set<Listener>();

/** Have each event passed on, once the page's state has it. */
export function onActivity(listener: Listener): void {
  listeners.add(listener);
}

export function tellActivity(events: readonly ActivityEvent[]): void {
  for (const event of events) for (const listener of listeners) listener(event);
}
