/** jmcp in JupyterLab and Notebook: notebooks that agents and people have open together. */

import type { JupyterFrontEnd, JupyterFrontEndPlugin } from "@jupyterlab/application";
import { PageConfig } from "@jupyterlab/coreutils";
import { IDocumentManager } from "@jupyterlab/docmanager";
import { INotebookWidgetFactory, type NotebookWidgetFactory } from "@jupyterlab/notebook";
import { Channel, IChannel } from "./channel";
import { kernelStatus } from "./kernel_status";
import { keyboard } from "./keyboard";
import { presence } from "./presence";
import { share } from "./rooms/sharing";
import { request, type Status } from "./server";
import { trust } from "./trust";
import { workspace } from "./workspace";

const STATUS_MS = 10_000;

const sharing: JupyterFrontEndPlugin<Channel> = {
  id: "jmcp-labextension:sharing",
  description: "Has notebooks shared with agents where JupyterLab does not share them itself.",
  autoStart: true,
  provides: IChannel,
  requires: [INotebookWidgetFactory, IDocumentManager],
  activate: async (
    app: JupyterFrontEnd,
    factory: NotebookWidgetFactory.IFactory,
    documents: IDocumentManager,
  ) => {
    app.docRegistry.addWidgetExtension("Notebook", keyboard);
    const status = await found();
    const way = collaborates(app) ? "collaboration" : status?.rooms && share(app, documents, factory) ? "jmcp" : "file";
    const channel = new Channel(way, app.name === "JupyterLab" ? "lab" : "notebook");
    if (status !== null) channel.connect();
    return channel;
  },
};

/** Whether jmcp is there; a server that does not say so soon must not keep JupyterLab from starting. */
async function found(): Promise<Status | null> {
  const late = new Promise<null>((resolve) => setTimeout(resolve, STATUS_MS, null));
  return Promise.race([request<Status>("GET", "status").catch(() => null), late]);
}

/** Whether JupyterLab's own collaboration shares documents on this page. */
function collaborates(app: JupyterFrontEnd): boolean {
  if (PageConfig.getOption("disableRTC") === "true") return false;
  return [...app.listPlugins()].some((id) => id.startsWith("@jupyter/docprovider-extension:"));
}

export default [sharing, presence, trust, kernelStatus, workspace];
