/** A call of a tool as the server's stream: how far it is, what it puts out, and its result. */

import { createParser } from "eventsource-parser";
import { serverUrl } from "./address";
import { request } from "./client";
import { ServerProblem, type ProblemBody } from "./problem";

/** What a call that succeeded returns. `images` are not within `result`. */
export interface ToolResult {
  result: Record<string, unknown>;
  text: string;
  images?: readonly ToolImage[];
}

/** `data` is base64. */
export interface ToolImage {
  mime_type: string;
  data: string;
}

export interface Progress {
  done: number;
  total: number | null;
  message: string | null;
}

/** An output of a cell, as the server's results have it. */
export type CellOutput = Record<string, unknown>;

export interface StreamListener {
  onProgress: (progress: Progress) => void;
  /** All outputs so far. */
  onOutputs: (outputs: readonly CellOutput[]) => void;
}

const ENDED_EARLY: ProblemBody = {
  status: 0,
  code: "connection_lost",
  detail: "The connection ended before the result. What the call began may go on: the log and get_execution tell.",
};

/** Call a tool by its name. Throws ServerProblem, or what `signal` aborts with. */
export async function streamTool(
  name: string,
  args: Record<string, unknown>,
  signal: AbortSignal,
  listener: StreamListener,
): Promise<ToolResult> {
  const response = await request(serverUrl("/mcp/tools/call"), {
    method: "POST",
    headers: { "Content-Type": "application/json", Accept: "text/event-stream, application/json" },
    body: JSON.stringify({ tool_name: name, arguments: args }),
    signal,
  });
  if (!response.headers.get("Content-Type")?.startsWith("text/event-stream")) {
    return (await response.json()) as ToolResult;
  }
  return readStream(response, signal, listener);
}

async function readStream(
  response: Response,
  signal: AbortSignal,
  listener: StreamListener,
): Promise<ToolResult> {
  let result: ToolResult | undefined;
  let problem: ServerProblem | undefined;
  let outputs: CellOutput[] = [];
  const parser = createParser({
    onEvent: ({ event, data }) => {
      const content: unknown = JSON.parse(data);
      if (event === "result") result = content as ToolResult;
      else if (event === "problem") problem = new ServerProblem(content as ProblemBody);
      else if (event === "progress") listener.onProgress(content as Progress);
      else if (event === "clear") listener.onOutputs((outputs = []));
      else if (event === "output") listener.onOutputs((outputs = changed(outputs, content as OutputEvent)));
    },
  });
  try {
    for await (const text of response.body?.pipeThrough(new TextDecoderStream()) ?? []) parser.feed(text);
  } catch (error) {
    if (signal.aborted) throw error;
  }
  if (problem) throw problem;
  if (result === undefined) throw new ServerProblem(ENDED_EARLY);
  return result;
}

interface OutputEvent {
  index: number;
  append: boolean;
  output: CellOutput;
}

function changed(outputs: readonly CellOutput[], { index, append, output }: OutputEvent): CellOutput[] {
  const before = outputs[index];
  const next = [...outputs];
  next[index] = append && before ? { ...output, text: `${before.text ?? ""}${output.text ?? ""}` } : output;
  return next;
}
