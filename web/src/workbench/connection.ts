/** Keeps the page's state up to date with the server's stream of activity. */

import { followActivity, type ActivityEvent } from "../server/activity";
import { ServerProblem } from "../server/problem";
import { calls, connection, runs, sessions, underWay, type CallRow } from "./state";

const KEPT_CALLS = 1_000;
const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 5_000;

/** Follow the server until `signal` aborts; after a break it is asked again, ever less often. */
export async function stayConnected(signal: AbortSignal): Promise<void> {
  let wait = FIRST_WAIT_MS;
  while (!signal.aborted) {
    try {
      await followActivity(signal, (event) => {
        wait = FIRST_WAIT_MS;
        receive(event);
      });
      connection.value = "away";
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof ServerProblem && (error.status === 401 || error.status === 403)) {
        connection.value = "signed-out";
        return;
      }
      connection.value = "away";
    }
    await delay(wait, signal);
    wait = Math.min(wait * 2, LONGEST_WAIT_MS);
  }
}

function delay(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

function receive({ name, data }: ActivityEvent): void {
  switch (name) {
    case "activity":
      sessions.value = data.sessions as typeof sessions.value;
      runs.value = data.runs as typeof runs.value;
      receiveCalls(data.calls as CallRow[]);
      connection.value = "live";
      break;
    case "sessions":
      sessions.value = data.sessions as typeof sessions.value;
      break;
    case "runs":
      runs.value = data.runs as typeof runs.value;
      break;
    case "under_way":
      underWay.value = data.calls as CallRow[];
      break;
    case "call":
      calls.value = [data as unknown as CallRow, ...calls.value].slice(0, KEPT_CALLS);
      break;
  }
}

function receiveCalls(rows: readonly CallRow[]): void {
  underWay.value = rows.filter((row) => row.outcome === "running");
  const known = new Set(calls.value.map((row) => row.call));
  const more = rows.filter((row) => row.outcome !== "running" && !known.has(row.call));
  calls.value = [...calls.value, ...more].slice(0, KEPT_CALLS);
}
