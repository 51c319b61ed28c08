/** jmcp in JupyterLab and Notebook: notebooks that agents and people have open together. */

import type { JupyterFrontEnd, JupyterFrontEndPlugin } from "@jupyterlab/application";
import { PageConfig } from "@jupyterlab/coreutils";
import { INotebookWidgetFactory, type NotebookWidgetFactory } from "@jupyterlab/notebook";
import type { Drive } from "@jupyterlab/services";
import { Channel, IChannel, type Way } from "./channel";
import { presence } from "./presence";
import { PROVIDER, RoomContents } from "./rooms/contents";
import { request, type Status } from "./server";

const sharing: JupyterFrontEndPlugin<Channel> = {
  id: "jmcp-labextension:sharing",
  description: "Has notebooks shared with agents where JupyterLab does not share them itself.",
  autoStart: true,
  provides: IChannel,
  requires: [INotebookWidgetFactory],
  activate: async (app: JupyterFrontEnd, factory: NotebookWidgetFactory.IFactory) => {
    const status = await request<Status>("GET", "status").catch(() => null);
    const channel = new Channel(shared(app, factory, status), app.name);
    if (status !== null) channel.connect();
    return channel;
  },
};

/** Share the page's notebooks by rooms, unless something else does; says what does. */
function shared(app: JupyterFrontEnd, factory: NotebookWidgetFactory.IFactory, status: Status | null): Way {
  const { defaultDrive: drive } = app.serviceManager.contents as unknown as { defaultDrive?: Drive };
  const providers = drive?.contentProviderRegistry;
  if (PageConfig.getOption("disableRTC") !== "true" && collaborates(app)) return "collaboration";
  if (!status?.rooms || drive === undefined || providers === undefined) return "file";
  providers.register(PROVIDER, new RoomContents(drive));
  (factory as unknown as { contentProviderId: string }).contentProviderId = PROVIDER;
  return "jmcp";
}

/** Whether JupyterLab's own collaboration shares documents on this page. */
function collaborates(app: JupyterFrontEnd): boolean {
  return [...app.listPlugins()].some((id) => id.startsWith("@jupyter/docprovider-extension:"));
}

export default [sharing, presence];
