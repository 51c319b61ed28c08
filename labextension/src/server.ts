/** Requests to jmcp on Jupyter's port, with Jupyter's own login. */

import { URLExt } from "@jupyterlab/coreutils";
import { ServerConnection } from "@jupyterlab/services";

/** What jmcp answers when a page asks whether it is there. */
export interface Status {
  version: string;
  /** Whether notebooks of this server can be shared by rooms. */
  rooms: boolean;
  /** Whose pages may have JupyterLab in a frame, beside those of this server. */
  frame_ancestors?: string[];
}

/** A request that jmcp or Jupyter refused; the message is for people. */
export class Refused extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly code: string | null = null,
  ) {
    super(message);
  }
}

export const settings = ServerConnection.makeSettings();

/** The answer to a request below `/jmcp/lab/`. Throws Refused, and a network error as it is. */
export async function request<T>(method: string, path: string, body?: unknown): Promise<T> {
  const url = URLExt.join(settings.baseUrl, "jmcp/lab", path);
  const init: RequestInit = { method };
  if (body !== undefined) init.body = JSON.stringify(body);
  const answer = await ServerConnection.makeRequest(url, init, settings);
  if (!answer.ok) throw await refusal(answer);
  return (await answer.json()) as T;
}

/** The address of a WebSocket of this server, with the token of a page that has one. */
export function socketUrl(path: string, query: Record<string, string> = {}): string {
  const all = settings.token ? { ...query, token: settings.token } : query;
  return URLExt.join(settings.wsUrl, path) + URLExt.objectToQueryString(all);
}

async function refusal(answer: Response): Promise<Refused> {
  const problem = (await answer.json().catch(() => ({}))) as Record<string, unknown>;
  const detail = problem["detail"] ?? problem["message"] ?? answer.statusText;
  const code = problem["code"];
  return new Refused(answer.status, String(detail), typeof code === "string" ? code : null);
}
