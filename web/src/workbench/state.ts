/** What the page knows of the server, and what its person has chosen. One place for all panels. */

import { computed, signal } from "@preact/signals";
import type { Schemas } from "../server/client";
import type { LogEntry } from "./log/entries";

export type SessionRow = Schemas["Activity"]["sessions"][number];
export type RunRow = Schemas["Activity"]["runs"][number];
/** A call. What it carried is kept by log/contents.ts; `error` is the sentence of one that failed. */
export type CallRow = Schemas["Activity"]["calls"][number] & { error?: string | null };

/**
 * `away`: the server does not answer, or has no stream for this page now, and is asked again.
 * `signed-out`: it takes the page's token or login no more. `elsewhere`: as many other tabs of this
 * browser follow it as may.
 */
export type Connection = "connecting" | "live" | "away" | "signed-out" | "elsewhere";

export const connection = signal<Connection>("connecting");
/** Whether there is something of the server on the page, which stays there whatever happens. */
export const everLive = signal(false);
export const sessions = signal<readonly SessionRow[]>([]);
export const runs = signal<readonly RunRow[]>([]);
export const underWay = signal<readonly CallRow[]>([]);
/** Calls that are over, and gaps between them, the last one first. */
export const entries = signal<readonly LogEntry[]>([]);
/** The calls among these. */
export const calls = computed(() =>
  entries.value.flatMap((entry) => (entry.kind === "call" ? [entry.row] : [])),
);

/** The notebook in the frame, which calls of the console hit. */
export const notebookPath = signal<string | null>(null);
/** Whether JupyterLab is out of sight; it goes on, and so does what runs. */
export const frameHidden = signal(false);
/** The page's own session. */
export const ownSession = signal<string | null>(null);
