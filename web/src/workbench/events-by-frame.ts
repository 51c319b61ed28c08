/** Events that come in a burst are passed on together, once for each frame that the browser draws. */

import type { ActivityEvent } from "../server/activity";

const MOST_WAITING = 500;
const HIDDEN_MILLISECONDS = 250;

export class EventsByFrame {
  private waiting: ActivityEvent[] = [];
  private passedOn = 0;
  private cancel: (() => void) | null = null;

  constructor(private readonly receive: (events: readonly ActivityEvent[]) => void) {}

  add(event: ActivityEvent): void {
    this.waiting.push(event);
    // A tab in the background draws no frames, and its timers may wait for a minute.
    const late = document.hidden && Date.now() - this.passedOn >= HIDDEN_MILLISECONDS;
    if (late || this.waiting.length >= MOST_WAITING) this.flush();
    else this.cancel ??= document.hidden ? this.atTimer() : this.atFrame();
  }

  /** Pass on what waits. */
  flush(): void {
    this.cancel?.();
    this.cancel = null;
    const events = this.waiting;
    this.waiting = [];
    this.passedOn = Date.now();
    if (events.length > 0) this.receive(events);
  }

  private atFrame(): () => void {
    const frame = requestAnimationFrame(() => this.flush());
    return () => cancelAnimationFrame(frame);
  }

  private atTimer(): () => void {
    const timer = setTimeout(() => this.flush(), HIDDEN_MILLISECONDS);
    return () => clearTimeout(timer);
  }
}
