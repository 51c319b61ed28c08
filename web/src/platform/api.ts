/** The gateway's API for this page. The browser's cookie says who asks; changes need the CSRF header. */

import { signal } from "@preact/signals";
import { problemOf, ServerProblem, UNREACHABLE } from "../server/problem";

/** Whether the login has ended: everything else fails then too. */
export const loggedOut = signal(false);

type Proof = () => Promise<Record<string, string>>;

/** The headers without which the gateway takes no change, once it has said what they are. */
let proof: Proof = () => Promise.resolve({});

export function proveWith(given: Proof): void {
  proof = given;
}

export async function request(method: string, path: string, body?: unknown): Promise<Response> {
  let response: Response;
  const headers: Record<string, string> = { Accept: "application/json" };
  if (method !== "GET") Object.assign(headers, await proof());
  if (body !== undefined) headers["Content-Type"] = "application/json";
  try {
    // Paths are below the page's own, wherever the service is.
    response = await fetch(`api/${path}`, {
      method,
      headers,
      body: body === undefined ? null : JSON.stringify(body),
    });
  } catch {
    throw new ServerProblem({ ...UNREACHABLE, detail: "The gateway does not answer. Try again in a moment." });
  }
  if (response.ok) return response;
  const problem = await problemOf(response);
  if (problem.code === "not_logged_in") loggedOut.value = true;
  throw problem;
}

export async function ask<T>(method: string, path: string, body?: unknown): Promise<T> {
  return (await (await request(method, path, body)).json()) as T;
}

/** What went wrong, for the person. */
export function sentence(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
