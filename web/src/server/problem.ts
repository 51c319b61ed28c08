/** What the server refused or could not do, as RFC 9457 has it. */

export interface ProblemBody {
  status: number;
  title?: string;
  code?: string;
  detail?: string;
  [more: string]: unknown;
}

/** A request that failed. `status` is 0 where no answer came. */
export class ServerProblem extends Error {
  readonly status: number;
  readonly code: string | undefined;
  readonly body: ProblemBody;

  constructor(body: ProblemBody) {
    super(body.detail ?? body.title ?? `The server answered ${body.status}.`);
    this.status = body.status;
    this.code = body.code;
    this.body = body;
  }
}

export const UNREACHABLE: ProblemBody = { status: 0, detail: "The server does not answer." };

/** The problem in an answer that is no success. */
export async function problemOf(response: Response): Promise<ServerProblem> {
  const text = await response.text();
  try {
    const body: unknown = JSON.parse(text);
    if (typeof body === "object" && body !== null) {
      return new ServerProblem({ ...body, status: response.status });
    }
  } catch {
    // Of a proxy, or of Jupyter: not JSON.
  }
  return new ServerProblem({ status: response.status, title: response.statusText });
}
