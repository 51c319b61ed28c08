/** Start, stop and restart of the person's own server. */

import { signal } from "@preact/signals";
import { createParser } from "eventsource-parser";
import { ServerProblem } from "../../server/problem";
import { ask, request, sentence } from "../api";
import { server, type Server } from "../state";

/** How far a start is; null while none goes on here. */
export const progress = signal<{ percent: number; message: string } | null>(null);
export const trouble = signal<string | null>(null);
/** The question before code ends that runs, and what is done after the answer. */
export const question = signal<{ text: string; restart: boolean } | null>(null);
export const busy = signal(false);

/** Start the server, or follow a start that goes on; it goes on too when this page is left. */
export async function start(): Promise<void> {
  if (progress.value) return;
  progress.value = { percent: 0, message: "" };
  trouble.value = null;
  let failure: string | null = "The connection to the gateway broke off; the start may go on.";
  try {
    const response = await request("POST", "server/start");
    const parser = createParser({
      onEvent: ({ event, data }) => {
        const said = JSON.parse(data) as { percent: number; message: string };
        if (event === "progress") progress.value = said;
        if (event === "failed") failure = said.message;
        if (event === "ready") failure = null;
      },
    });
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    for (;;) {
      const part = await reader?.read();
      if (!part || part.done) break;
      parser.feed(part.value);
    }
  } catch (error) {
    if (error instanceof ServerProblem) failure = sentence(error);
  }
  trouble.value = failure === null ? null : `Your server did not start: ${failure}`;
  await server.load();
  progress.value = null;
}

/** Stop the server, and start it again with `restart`. Asks first while code runs there. */
export async function stop({ restart, confirm }: { restart: boolean; confirm: boolean }): Promise<void> {
  question.value = null;
  trouble.value = null;
  busy.value = true;
  try {
    server.data.value = await ask<Server>("POST", "server/stop", { confirm });
    if (restart) void start();
  } catch (error) {
    const code = error instanceof ServerProblem ? error.code : undefined;
    if (code === "runs_go_on" || code === "runs_unknown") question.value = { text: asking(error), restart };
    else trouble.value = sentence(error);
  } finally {
    busy.value = false;
  }
}

/** The server's sentence without what it says to programs. */
function asking(error: unknown): string {
  return `${sentence(error).replace(/ Stop it with confirm: true\.$/, "")} Go on?`;
}
