/** Tells the server when the person turns to this page, or to another notebook in it: nothing else unasked. */

import type { JupyterFrontEnd } from "@jupyterlab/application";
import type { INotebookTracker } from "@jupyterlab/notebook";
import type { Channel } from "../channel";
import { localPath } from "./context";

const SETTLES_MS = 200;

export function tellSeen(
  app: JupyterFrontEnd,
  channel: Channel,
  tracker: INotebookTracker,
  allowed: () => Promise<boolean>,
): void {
  /** When the person turned to it last, by `performance.now()`. */
  let turned: number | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const tell = async (): Promise<void> => {
    if (turned === null) return;
    const panel = tracker.find((one) => one === app.shell.currentWidget);
    const path = panel !== undefined && (await allowed()) ? localPath(app, panel) : null;
    channel.tell({ type: "seen", path, seconds_ago: (performance.now() - turned) / 1000 });
  };
  const turn = (): void => {
    if (!document.hasFocus()) return;
    turned = performance.now();
    clearTimeout(timer);
    timer = setTimeout(() => void tell(), SETTLES_MS);
  };

  addEventListener("focus", turn);
  tracker.currentChanged.connect(turn);
  channel.connected.connect((_, connected) => {
    if (connected) void tell();
  });
  turn();
}
