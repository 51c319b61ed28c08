/** What JupyterLab in the frame can be told, where its page has jmcp's extension: to show a notebook or a cell. */

/** What both sides' messages say that they are. */
const KIND = "jmcp-frame";
/** After which a notebook is given up: JupyterLab asks the server before it opens one. */
const SHOWN_MS = 10_000;

interface Answer {
  id: number;
  problem: string | null;
}

export class Bridge {
  private number = 0;

  constructor(
    private readonly target: Window,
    private readonly origin: string,
    private readonly signal: AbortSignal,
  ) {}

  /** Show a notebook, and bring a cell of it into view. Throws what JupyterLab says, or after SHOWN_MS. */
  async show(path: string, cellId: string | null): Promise<void> {
    const id = ++this.number;
    const asked = new AbortController();
    const ended = AbortSignal.any([asked.signal, this.signal, AbortSignal.timeout(SHOWN_MS)]);
    const answered = new Promise<string | null>((resolve, reject) => {
      ended.addEventListener("abort", () => reject(new Error("JupyterLab does not answer")));
      listen(this.target, this.origin, ended, (data) => {
        if (isAnswer(data) && data.id === id) resolve(data.problem);
      });
    });
    this.target.postMessage({ kind: KIND, id, path, cellId }, this.origin);
    try {
      const problem = await answered;
      if (problem !== null) throw new Error(REASONS.get(problem) ?? problem);
    } finally {
      asked.abort();
    }
  }
}

/** What JupyterLab answers by a word. */
const REASONS = new Map([
  ["no_cell", "its tab has no such cell"],
  ["elsewhere", "this page shows another notebook"],
]);

/** Call back each time that a page with jmcp's extension is in the frame, until `signal` aborts. */
export function onBridge(
  frame: HTMLIFrameElement,
  origin: () => string | null,
  found: (bridge: Bridge) => void,
  signal: AbortSignal,
): void {
  addEventListener(
    "message",
    ({ source, origin: from, data }: MessageEvent<unknown>) => {
      if (source === null || source !== frame.contentWindow || from !== origin()) return;
      if (isReady(data)) found(new Bridge(source as Window, from, signal));
    },
    { signal },
  );
}

/** Messages of that window alone: any page may send some to this one. */
function listen(target: Window, origin: string, signal: AbortSignal, heard: (data: unknown) => void): void {
  addEventListener(
    "message",
    ({ source, origin: from, data }: MessageEvent<unknown>) => {
      if (source === target && from === origin) heard(data);
    },
    { signal },
  );
}

function isReady(data: unknown): boolean {
  return typeof data === "object" && data !== null && "kind" in data && data.kind === KIND && "ready" in data;
}

function isAnswer(data: unknown): data is Answer {
  return typeof data === "object" && data !== null && "kind" in data && data.kind === KIND && "id" in data;
}
