/** What the page's state becomes with the events of the stream of activity. */

import { batch, signal } from "@preact/signals";
import type { ActivityEvent } from "../server/activity";
import { tellActivity } from "./activity-listeners";
import { keepContents, forgetContents } from "./log/contents";
import { callEntry, callKey, noteEntry, withNew, withSnapshot, type LogEntry } from "./log/entries";
import { connection, entries, everLive, runs, sessions, underWay, type CallRow } from "./state";

/** Milliseconds that the server's clock is ahead of this browser's. */
export const clockAhead = signal(0);
/** When the server began that was followed last. */
let serverBegan: string | null = null;
/** When the stream ended that was followed before, by this browser's clock. */
let brokeOff: number | null = null;

/** Take events in their order; what they change is shown at once. */
export function receive(events: readonly ActivityEvent[]): void {
  batch(() => {
    let fresh: LogEntry[] = [];
    for (const event of events) {
      if (event.name === "call") fresh.push(finished(event));
      else if (event.name === "lost") fresh.push(noteEntry(lostNote(event.data.count)));
      else if (event.name === "activity") {
        add(fresh);
        fresh = [];
        begin(event.data);
      } else replace(event);
    }
    add(fresh);
  });
  tellActivity(events);
}

/** Remember when the stream broke off, for the note on what may be missing. */
export function streamEnded(): void {
  brokeOff ??= Date.now();
}

function begin(data: ActivityEvent["data"]): void {
  const rows = data.calls as CallRow[];
  const restarted = serverBegan !== null && serverBegan !== data.server_began;
  const over = rows.filter((row) => row.outcome !== "running");
  entries.value = withSnapshot(entries.value, over, gapNote(restarted, data.server_began));
  underWay.value = rows.filter((row) => row.outcome === "running");
  serverBegan = data.server_began as string;
  brokeOff = null;
  replace({ name: "sessions", data, characters: 0 });
  replace({ name: "runs", data, characters: 0 });
  everLive.value = true;
  connection.value = "live";
}

function replace({ name, data }: ActivityEvent): void {
  if (typeof data.now === "string") clockAhead.value = Date.parse(data.now) - Date.now();
  if (name === "sessions") sessions.value = data.sessions as typeof sessions.value;
  if (name === "runs") runs.value = data.runs as typeof runs.value;
  if (name === "under_way") underWay.value = data.calls as CallRow[];
}

function finished({ data, characters }: ActivityEvent): LogEntry {
  const { arguments: args, result, error, ...row } = data as unknown as CallRow & {
    arguments?: unknown;
    result?: unknown;
  };
  const key = callKey(row);
  const sentence = error ?? null;
  if (args !== undefined) keepContents(key, { arguments: args, result, error: sentence, characters });
  underWay.value = underWay.value.filter((one) => one.call !== row.call);
  return callEntry({ ...row, error: sentence?.slice(0, 500) ?? null }, args);
}

function add(fresh: readonly LogEntry[]): void {
  if (fresh.length === 0) return;
  entries.value = withNew(entries.value, fresh);
  forgetContents(new Set(entries.value.map((entry) => entry.key)));
}

function lostNote(count: unknown): string {
  return `${count} calls are not listed here: they ended faster than this page could take them.`;
}

function gapNote(restarted: boolean, began: unknown): string {
  if (restarted) return `The server was started again ${clock(Date.parse(String(began)))}.`;
  const since = brokeOff === null ? "" : ` from ${clock(brokeOff).slice(3)} on`;
  return `This page was not connected${since}. Calls of that time may be missing here.`;
}

function clock(moment: number): string {
  return `at ${new Date(moment).toLocaleTimeString()}`;
}
