/**
 * The sessions, each in a signal of its own: an event of the stream tells of all of them, and what is shown of
 * one is made anew only where that one changed.
 */

import { batch, computed, signal, type ReadonlySignal, type Signal } from "@preact/signals";
import type { ActivityEvent } from "../../server/activity";
import { onActivity } from "../activity-listeners";
import { clockAhead } from "../received";
import { sessionKey } from "../session-key";
import { ownSession, runs, underWay, type CallRow, type RunRow, type SessionRow } from "../state";

/** How much older what is said of a time may be. */
const CLOCK_MS = 10_000;

export interface LastCall {
  readonly tool: string;
  readonly outcome: string | null;
  /** When it ended, in milliseconds by the server's clock. */
  readonly at: number;
}

export interface Session {
  readonly key: string;
  readonly row: Signal<SessionRow>;
  readonly last: Signal<LastCall | null>;
  /** What runs or is under way now, in a line. */
  readonly now: ReadonlySignal<string | null>;
}

/** The page's own first, then the ones opened last: their places do not change with each call. */
export const shownSessions = signal<readonly Session[]>([]);
/** Also those of which the server tells nothing more. */
export const sessionCount = signal(0);
/** The server's time, now and then, for "2 minutes ago". */
export const serverNow = signal(Date.now());

const known = new Map<string, Session>();
const texts = new Map<string, string>();

setInterval(() => {
  if (!document.hidden) serverNow.value = Date.now() + clockAhead.value;
}, CLOCK_MS);

function heard({ name, data }: ActivityEvent): void {
  if (name === "activity" || name === "sessions") {
    batch(() => take(data.sessions as SessionRow[], Number(data.session_count)));
  }
  if (name === "activity") for (const row of data.calls as CallRow[]) called(row);
  if (name === "call") called(data as unknown as CallRow);
}

function take(rows: readonly SessionRow[], count: number): void {
  const keys = new Set<string>();
  for (const row of rows) {
    const key = sessionKey(row) ?? "";
    keys.add(key);
    const text = JSON.stringify(row);
    if (texts.get(key) === text) continue;
    texts.set(key, text);
    const session = known.get(key);
    if (session === undefined) known.set(key, made(key, row));
    else session.row.value = row;
    const last = known.get(key)?.last;
    const at = Date.parse(row.last_call);
    if (last !== undefined && row.last_tool && (last.value === null || last.value.at < at)) {
      last.value = { tool: row.last_tool, outcome: null, at };
    }
  }
  for (const key of known.keys()) {
    if (keys.has(key)) continue;
    known.delete(key);
    texts.delete(key);
  }
  sessionCount.value = count;
  order();
}

function made(key: string, row: SessionRow): Session {
  return {
    key,
    row: signal(row),
    last: signal<LastCall | null>(null),
    now: computed(() => nowOf(key)),
  };
}

function order(): void {
  const own = ownSession.value;
  const opened = ({ row }: Session) => row.peek().opened;
  const all = [...known.values()].sort(
    (one, other) =>
      Number(other.key === own) - Number(one.key === own) || opened(other).localeCompare(opened(one)),
  );
  const before = shownSessions.peek();
  if (all.length !== before.length || all.some((one, at) => one !== before[at])) shownSessions.value = all;
}

function called(row: CallRow): void {
  const session = known.get(sessionKey(row) ?? "");
  if (session === undefined || row.seconds === null || row.seconds === undefined) return;
  const at = Date.parse(row.began) + row.seconds * 1000;
  const before = session.last.peek();
  // What it says of when it was is from the server's clock, to the millisecond.
  if (before !== null && before.outcome !== null && before.at > at) return;
  session.last.value = { tool: row.tool, outcome: row.outcome, at };
  if (serverNow.peek() < at) serverNow.value = at;
}

function nowOf(key: string): string | null {
  const run = runs.value.find((one) => sessionKey(one) === key);
  if (run !== undefined) return runText(run);
  const call = underWay.value.find((one) => sessionKey(one) === key);
  return call === undefined ? null : `${call.tool} …`;
}

function runText(run: RunRow): string {
  const cells = run.total ? ` (${run.done ?? 0} of ${run.total} cells)` : "";
  if (run.status !== "running") return `waits${run.waits_for ? ` for ${run.waits_for}` : ""}${cells}`;
  return `runs ${run.line ?? "a cell"}${cells}`;
}

ownSession.subscribe(order);
onActivity(heard);
