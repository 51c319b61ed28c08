/** The calls that this page makes, in its own session unless another is named. */

import { batch, signal } from "@preact/signals";
import { ServerProblem } from "../../server/problem";
import { streamTool, type CellOutput, type Progress, type ToolResult } from "../../server/tool-stream";
import { isGone, keepOwnSession, useInOwnSession } from "../own-session";
import { notebookPath, ownSession } from "../state";

export interface PageCall {
  readonly tool: string;
  readonly arguments: Record<string, unknown>;
  /** Of `performance.now()`. */
  readonly began: number;
  readonly state: "running" | "ok" | "error" | "cancelled";
  readonly seconds?: number;
  readonly progress?: Progress;
  readonly outputs?: readonly CellOutput[];
  readonly result?: ToolResult;
  readonly problem?: ServerProblem;
  /** Wait for it no longer. */
  readonly cancel: () => void;
}

/** The last call of each tool from its form, by the tool's name. */
export const lastCalls = signal<ReadonlyMap<string, PageCall>>(new Map());

export function keepLast(call: PageCall): void {
  lastCalls.value = new Map(lastCalls.value).set(call.tool, call);
}

/**
 * Call a tool. `onChange` is told how the call stands, at once and whenever that changes; the end is
 * also returned. With `inOwnSession` the call is made in the page's own session, which is opened in
 * the page's notebook where there is none, or no longer.
 */
export async function runTool(
  tool: string,
  args: Record<string, unknown>,
  { inOwnSession, onChange }: { inOwnSession: boolean; onChange: (call: PageCall) => void },
): Promise<PageCall> {
  const ending = new AbortController();
  const began = performance.now();
  let call: PageCall = { tool, arguments: args, began, state: "running", cancel: () => ending.abort() };
  const change = (more: Partial<PageCall>) => onChange((call = { ...call, ...more }));
  const ask = (sent: Record<string, unknown>) =>
    streamTool(tool, sent, ending.signal, {
      onProgress: (progress) => change({ progress }),
      onOutputs: (outputs) => change({ outputs }),
    });
  const seconds = () => (performance.now() - began) / 1000;
  change({});
  try {
    const sent = inOwnSession ? await addressed(args, ending.signal) : args;
    const result = await ask(sent).catch(async (error: unknown) => {
      if (!(inOwnSession && error instanceof ServerProblem && isGone(error))) throw error;
      // Nothing was done: the session was over, and the call is made in a new one.
      keepOwnSession(null);
      return ask(await addressed(args, ending.signal));
    });
    batch(() => {
      follow(args, result.result);
      change({ state: "ok", result, seconds: seconds() });
    });
  } catch (error) {
    if (ending.signal.aborted) change({ state: "cancelled", seconds: seconds() });
    else if (error instanceof ServerProblem) change({ state: "error", problem: error, seconds: seconds() });
    else throw error;
  }
  return call;
}

/** The arguments with the page's own session. Throws ServerProblem where it cannot be opened. */
async function addressed(args: Record<string, unknown>, signal: AbortSignal): Promise<Record<string, unknown>> {
  if (ownSession.value === null && notebookPath.value !== null && args.notebook_path === undefined) {
    await useInOwnSession(notebookPath.value, signal);
  }
  return ownSession.value === null ? args : { session_id: ownSession.value, ...args };
}

/** Keep the session that a call has opened for the page, and show where it has gone. */
function follow(args: Record<string, unknown>, result: Record<string, unknown>): void {
  if (args.session_id !== undefined && args.session_id !== ownSession.value) return;
  if (ownSession.value === null && typeof result.session_id === "string") keepOwnSession(result.session_id);
  const opened = result.opening !== undefined || result.notebook_name !== undefined;
  const path = result.notebook_path ?? args.notebook_path;
  if (opened && typeof path === "string") notebookPath.value = path;
}
