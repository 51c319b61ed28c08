/** Has the page show that a kernel is ready again which an agent restarted. */

import type { JupyterFrontEnd, JupyterFrontEndPlugin } from "@jupyterlab/application";
import type { ISessionContext } from "@jupyterlab/apputils";
import { INotebookTracker } from "@jupyterlab/notebook";

/** A kernel that the page itself starts says more by then. */
const QUIET_MS = 1_000;

export const kernelStatus: JupyterFrontEndPlugin<void> = {
  id: "jmcp-labextension:kernel-status",
  description: "Shows that a kernel is ready again after an agent restarted it.",
  autoStart: true,
  requires: [INotebookTracker],
  activate: (_: JupyterFrontEnd, tracker: INotebookTracker): void => {
    tracker.forEach(({ sessionContext }) => watch(sessionContext));
    tracker.widgetAdded.connect((_, { sessionContext }) => watch(sessionContext));
  },
};

function watch(context: ISessionContext): void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  context.statusChanged.connect((_, status) => {
    clearTimeout(timer);
    if (status === "starting") timer = setTimeout(() => ask(context), QUIET_MS);
  });
}

/**
 * Ask the kernel something that changes nothing. A new process says that it starts, and JupyterLab 4.6 passes
 * over what it says of questions about the kernel: it would be "starting" until somebody runs code.
 */
function ask({ session }: ISessionContext): void {
  const kernel = session?.kernel;
  if (kernel?.status !== "starting" || kernel.connectionStatus !== "connected") return;
  void kernel.requestIsComplete({ code: "" }).catch(() => undefined); // the kernel was stopped
}
