/** The typed REST client, made from the server's OpenAPI document. */

import createClient from "openapi-fetch";
import { serverUrl } from "./address";
import { credentialHeaders } from "./credentials";
import { ServerProblem, UNREACHABLE, problemOf } from "./problem";
import type { components, paths } from "./schema";

export type Schemas = components["schemas"];

export const api = createClient<paths>({ baseUrl: serverUrl(""), fetch: request });

/** `fetch` that says who the page is, and throws ServerProblem for whatever is no success. */
export async function request(input: Request | string, init: RequestInit = {}): Promise<Response> {
  const asked = new Request(input, init);
  for (const [name, value] of Object.entries(credentialHeaders())) asked.headers.set(name, value);
  let response: Response;
  try {
    response = await fetch(asked, { cache: "no-store", credentials: "same-origin" });
  } catch (error) {
    if (asked.signal.aborted) throw error;
    throw new ServerProblem(UNREACHABLE);
  }
  if (!response.ok) throw await problemOf(response);
  return response;
}

/** Call a tool by its name, whatever its toolset. */
export async function callTool(
  name: string,
  args: Record<string, unknown>,
  signal?: AbortSignal,
): Promise<Record<string, unknown>> {
  const response = await request(serverUrl("/mcp/tools/call"), {
    method: "POST",
    headers: { "Content-Type": "application/json", Accept: "application/json" },
    body: JSON.stringify({ tool_name: name, arguments: args }),
    ...(signal ? { signal } : {}),
  });
  const body = (await response.json()) as { result: Record<string, unknown> };
  return body.result;
}
