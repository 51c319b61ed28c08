/** When a lost connection is tried again: soon, then less often, and at once when the tab wakes up. */

const FIRST_MS = 500;
const LONGEST_MS = 30_000;
/** Tabs that wake together do not all ask in the same moment. */
const WAKE_SPREAD_MS = 300;

export class Pace {
  private next = FIRST_MS;

  /** The connection stands: the next wait is short again. */
  reset(): void {
    this.next = FIRST_MS;
  }

  /** Return after the next wait, or soon after the tab woke up. */
  wait(signal: AbortSignal): Promise<void> {
    const base = this.next;
    this.next = Math.min(2 * base, LONGEST_MS);
    return new Promise((resolve) => {
      let timer = setTimeout(done, base * (0.5 + Math.random() / 2));
      const stop = awake(() => {
        clearTimeout(timer);
        timer = setTimeout(done, Math.min(base, WAKE_SPREAD_MS * Math.random()));
      });
      signal.addEventListener("abort", done);
      function done(): void {
        clearTimeout(timer);
        stop();
        signal.removeEventListener("abort", done);
        resolve();
      }
    });
  }
}

/** Call `woken` whenever the tab is looked at again or the network is back; returns what ends that. */
export function awake(woken: () => void): () => void {
  const seen = (): void => {
    if (document.visibilityState === "visible") woken();
  };
  window.addEventListener("online", woken);
  window.addEventListener("pageshow", woken);
  document.addEventListener("visibilitychange", seen);
  return () => {
    window.removeEventListener("online", woken);
    window.removeEventListener("pageshow", woken);
    document.removeEventListener("visibilitychange", seen);
  };
}
