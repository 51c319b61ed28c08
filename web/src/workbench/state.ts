/** What the page knows of the server, and what its person has chosen. One place for all panels. */

import { signal } from "@preact/signals";
import type { Schemas } from "../server/client";

export type SessionRow = Schemas["Activity"]["sessions"][number];
export type RunRow = Schemas["Activity"]["runs"][number];
/** With `contents`, rows of calls that are over also have these three. */
export type CallRow = Schemas["Activity"]["calls"][number] & {
  arguments?: unknown;
  result?: unknown;
  error?: unknown;
};

/** `signed-out`: the server wants a token. `away`: it does not answer, and is asked again. */
export type Connection = "connecting" | "live" | "away" | "signed-out";

export const connection = signal<Connection>("connecting");
export const sessions = signal<readonly SessionRow[]>([]);
export const runs = signal<readonly RunRow[]>([]);
export const underWay = signal<readonly CallRow[]>([]);
/** Calls that are over, the last one first. */
export const calls = signal<readonly CallRow[]>([]);

/** The notebook in the frame, which calls of the console hit. */
export const notebookPath = signal<string | null>(null);
/** Whether JupyterLab is out of sight; it goes on, and so does what runs. */
export const frameHidden = signal(false);
/** The page's own session. */
export const ownSession = signal<string | null>(null);
