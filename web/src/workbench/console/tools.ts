/** The tools that this person may call, with what their forms are made from. */

import { signal } from "@preact/signals";
import { serverUrl } from "../../server/address";
import { request } from "../../server/client";
import { ServerProblem } from "../../server/problem";

/** A JSON Schema, as far as this page looks into it. */
export interface Schema {
  type?: string | readonly string[];
  properties?: Record<string, Schema>;
  required?: readonly string[];
  items?: Schema;
  enum?: readonly unknown[];
  default?: unknown;
  maxLength?: number;
  [keyword: string]: unknown;
}

export interface Tool {
  name: string;
  title: string;
  description: string;
  toolset: string;
  inputSchema: Schema;
  annotations: { readOnlyHint?: boolean; destructiveHint?: boolean };
}

export const tools = signal<readonly Tool[]>([]);
/** Why they could not be listed. */
export const toolsProblem = signal<ServerProblem | null>(null);

/** List them anew. */
export async function loadTools(signal?: AbortSignal): Promise<void> {
  try {
    const response = await request(
      serverUrl("/mcp/tools/list?toolsets=all"),
      signal === undefined ? {} : { signal },
    );
    tools.value = ((await response.json()) as { tools: Tool[] }).tools;
    toolsProblem.value = null;
  } catch (error) {
    if (!(error instanceof ServerProblem)) throw error;
    toolsProblem.value = error;
  }
}
