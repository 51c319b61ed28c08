/** JupyterLab's commands, where its page has the extension jupyter-iframe-commands. */

import { wrap, type Endpoint } from "comlink";

const LOADED = "_JUPYTER_IFRAME_COMMANDS_LOADED";
/** After which a command is given up: JupyterLab asks the server before it opens a notebook. */
const COMMAND_MS = 10_000;

/** What the extension offers to the page around it. */
interface Commands {
  readonly ready: Promise<void>;
  execute(command: string, args: Record<string, string>): Promise<unknown>;
}

export class Bridge {
  private readonly commands;

  constructor(target: Window, origin: string) {
    this.commands = wrap<Commands>(endpoint(target, origin));
  }

  async ready(): Promise<void> {
    await within(this.commands.ready);
  }

  /** Throws what JupyterLab says, or after COMMAND_MS. */
  async execute(command: string, args: Record<string, string>): Promise<void> {
    await within(this.commands.execute(command, args));
  }
}

/** Call back each time that the frame's page has its commands, until `signal` aborts. */
export function onBridge(
  frame: HTMLIFrameElement,
  origin: () => string | null,
  found: (bridge: Bridge) => void,
  signal: AbortSignal,
): void {
  addEventListener(
    "message",
    ({ source, origin: from, data }: MessageEvent) => {
      if (data !== LOADED || source === null || source !== frame.contentWindow || from !== origin()) return;
      found(new Bridge(source as Window, from));
    },
    { signal },
  );
}

/** Messages to and from that window alone: any page may send some to this one. */
function endpoint(target: Window, origin: string): Endpoint {
  const wrapped = new Map<EventListenerOrEventListenerObject, EventListener>();
  return {
    postMessage: (message, transfer) => target.postMessage(message, origin, transfer ?? []),
    addEventListener: (type, listener) => {
      const own = (event: Event) => {
        if (!(event instanceof MessageEvent) || event.source !== target || event.origin !== origin) return;
        if (typeof listener === "function") listener(event);
        else listener.handleEvent(event);
      };
      wrapped.set(listener, own);
      addEventListener(type, own);
    },
    removeEventListener: (type, listener) => {
      const own = wrapped.get(listener);
      if (own) removeEventListener(type, own);
      wrapped.delete(listener);
    },
  };
}

async function within<T>(work: PromiseLike<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error("JupyterLab does not answer")), COMMAND_MS);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
