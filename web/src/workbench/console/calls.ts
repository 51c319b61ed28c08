/** The calls that this page makes: under way, and the last one of each tool. */

import { batch, signal } from "@preact/signals";
import { ServerProblem } from "../../server/problem";
import { streamTool, type CellOutput, type Progress, type ToolResult } from "../../server/tool-stream";
import { isGone, keepOwnSession } from "../own-session";
import { notebookPath, ownSession } from "../state";

export interface PageCall {
  readonly tool: string;
  readonly arguments: Record<string, unknown>;
  readonly began: number;
  readonly state: "running" | "ok" | "error" | "cancelled";
  readonly seconds?: number;
  readonly progress?: Progress;
  readonly outputs?: readonly CellOutput[];
  readonly result?: ToolResult;
  readonly problem?: ServerProblem;
}

/** The last call of each tool, by its name. */
export const lastCalls = signal<ReadonlyMap<string, PageCall>>(new Map());

const endings = new Map<string, AbortController>();

/** Call a tool, unless a call of it is under way; how it goes is in `lastCalls`, and in the end here. */
export async function run(tool: string, args: Record<string, unknown>): Promise<PageCall> {
  const ending = new AbortController();
  endings.get(tool)?.abort();
  endings.set(tool, ending);
  let call: PageCall = { tool, arguments: args, began: performance.now(), state: "running" };
  const change = (more: Partial<PageCall>) => {
    call = { ...call, ...more };
    if (endings.get(tool) === ending) lastCalls.value = new Map(lastCalls.value).set(tool, call);
  };
  change({});
  const ended = () => ({ seconds: (performance.now() - call.began) / 1000 });
  try {
    const result = await streamTool(tool, args, ending.signal, {
      onProgress: (progress) => change({ progress }),
      onOutputs: (outputs) => change({ outputs }),
    });
    batch(() => {
      follow(args, result.result);
      change({ state: "ok", result, ...ended() });
    });
  } catch (error) {
    if (ending.signal.aborted) change({ state: "cancelled", ...ended() });
    else if (error instanceof ServerProblem) {
      if (isGone(error) && args.session_id === ownSession.value) keepOwnSession(null);
      change({ state: "error", problem: error, ...ended() });
    } else throw error;
  }
  return call;
}

/** Wait no longer for the call of a tool that is under way. */
export function cancel(tool: string): void {
  endings.get(tool)?.abort();
}

/** Keep the session that a call opened, and where a call has led the page's own session. */
function follow(args: Record<string, unknown>, result: Record<string, unknown>): void {
  const own = ownSession.value;
  if (own === null && args.session_id === undefined && typeof result.session_id === "string") {
    keepOwnSession(result.session_id);
  } else if (own === null || args.session_id !== own) return;
  const opens = result.opening !== undefined || result.cells !== undefined;
  if (opens && typeof args.notebook_path === "string") notebookPath.value = args.notebook_path;
}
