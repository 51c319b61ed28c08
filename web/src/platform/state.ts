/** What the page knows: who the person is, their server, and what is in it. */

import { computed, effect, signal } from "@preact/signals";
import { loggedOut, proveWith } from "./api";
import { loaded } from "./loaded";

export interface Me {
  name: string;
  admin: boolean;
  /** Whether this browser has logged in for the administration too. */
  administration: boolean;
  csrf_header: string;
  csrf: string;
  mcp_url: string;
  rest_url: string;
  frames: boolean;
  hub_token_expires: number;
  max_token_days: number;
}

export type RunState = "stopped" | "starting" | "running" | "stopping";

export interface Server {
  state: RunState;
  since: string | null;
  last_activity: string | null;
  url: string;
  workbench_url: string;
}

export interface Memory {
  used: number | null;
  limit: number | null;
}

export interface Notebook {
  path: string;
  last_modified: string;
}

export interface Session {
  session: string;
  client: string | null;
  notebook_path: string | null;
  notebooks: number;
  opened: string;
  last_call: string;
  last_tool: string | null;
}

export interface Grant {
  id: string;
  kind: "client" | "personal";
  name: string;
  from: string;
  created: number;
  last_used: number;
  expires: number;
}

export const me = loaded<Me>("me");
export const server = loaded<Server>("server");
export const memory = loaded<Memory>("memory");
export const notebooks = loaded<{ total: number; notebooks: Notebook[] }>("notebooks");
export const sessions = loaded<{ total: number; sessions: Session[]; runs: { notebook_path: string }[] }>(
  "sessions",
);
export const grants = loaded<{ grants: Grant[] }>("grants");

export const running = computed(() => server.data.value?.state === "running");

/** The time by which the page says how long ago something was. */
export const now = signal(Date.now());

const STATE_MILLISECONDS = 20_000;
const CHANGING_MILLISECONDS = 1_000;
const FIRST_MEASURE_MILLISECONDS = 5_000;

/** What is in the server: asked for when the person looks, and not by a timer, which would keep a server
 * alive that nobody uses. */
export function look(): void {
  if (!running.value) return;
  void notebooks.load();
  void sessions.load();
  void memory.load().then(() => {
    // A server that has just started has not measured yet: once more, and not again and again.
    if (memory.data.value?.used === null) {
      setTimeout(() => running.value && void memory.load(), FIRST_MEASURE_MILLISECONDS);
    }
  });
}

export async function begin(): Promise<void> {
  await Promise.all([me.load(), server.load(), grants.load()]);
  effect(() => {
    if (running.value) look();
    else for (const one of [notebooks, sessions, memory]) one.clear();
  });
  // The Hub has no stream for the state of a server. Asking it wakes nothing.
  setInterval(watch, STATE_MILLISECONDS);
  document.addEventListener("visibilitychange", () => {
    watch();
    if (document.visibilityState === "visible") look();
  });
  effect(() => {
    if (server.data.value?.state === "stopping") setTimeout(() => void server.load(), CHANGING_MILLISECONDS);
  });
}

proveWith(async () => {
  // Somebody may click before it has come.
  if (me.data.value === null) await me.load();
  const known = me.data.value;
  return known ? { [known.csrf_header]: known.csrf } : {};
});

function watch(): void {
  if (document.visibilityState !== "visible" || loggedOut.value) return;
  now.value = Date.now();
  void server.load();
}
