/**
 * How many tabs of this browser may follow the server at the same time. Each needs a connection for as
 * long as it is open, and over HTTP/1.1 a browser has six for each server: with more tabs, neither
 * these nor JupyterLab would get an answer to anything.
 */

const MOST_TABS = 4;

export type Place = "had" | "none" | "taken";

/**
 * Run `follow` with one of the places: "none" if all are taken, "taken" if another tab took this one
 * over, which aborts the signal that `follow` got. With `insist` it takes one over where none is free.
 */
export async function withPlace(
  insist: boolean,
  follow: (taken: AbortSignal) => Promise<void>,
): Promise<Place> {
  // Only pages from localhost and over HTTPS have locks.
  const locks = (navigator as { locks?: LockManager }).locks;
  if (locks === undefined) {
    await follow(new AbortController().signal);
    return "had";
  }
  for (let place = 0; place < MOST_TABS; place += 1) {
    const found = await withLock(locks, place, { ifAvailable: true }, follow);
    if (found !== "none") return found;
  }
  return insist ? withLock(locks, Math.floor(Math.random() * MOST_TABS), { steal: true }, follow) : "none";
}

async function withLock(
  locks: LockManager,
  place: number,
  options: LockOptions,
  follow: (taken: AbortSignal) => Promise<void>,
): Promise<Place> {
  const taken = new AbortController();
  const failed: { error?: unknown } = {};
  try {
    return await locks.request(`jmcp.activity.${place}`, options, async (lock) => {
      if (lock === null) return "none";
      await follow(taken.signal).catch((error: unknown) => (failed.error = error));
      return "had";
    });
  } catch {
    // Its promise is rejected once another tab has taken the lock.
    taken.abort();
    return "taken";
  } finally {
    if (failed.error !== undefined) throw failed.error;
  }
}
