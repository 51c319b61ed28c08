/** What agents do in notebooks, seen on the page: a button, a panel and markers at cells. */

import type { JupyterFrontEnd, JupyterFrontEndPlugin } from "@jupyterlab/application";
import { ICommandPalette } from "@jupyterlab/apputils";
import { INotebookTracker } from "@jupyterlab/notebook";
import { IStatusBar } from "@jupyterlab/statusbar";
import { IChannel } from "../channel";
import { Cells } from "../cells";
import { Markers } from "./markers";
import { AgentsPanel } from "./panel";
import { Sessions } from "./sessions";
import { AgentsButton } from "./status";
import type { Channel } from "../channel";

const COMMAND = "jmcp:agents";
const RANK = 900;

export const presence: JupyterFrontEndPlugin<void> = {
  id: "jmcp-labextension:presence",
  description: "Shows which agents have notebooks open, what they do there, and lets the person pause them.",
  autoStart: true,
  requires: [IChannel, INotebookTracker],
  optional: [IStatusBar, ICommandPalette],
  activate: (
    app: JupyterFrontEnd,
    channel: Channel,
    tracker: INotebookTracker,
    statusBar: IStatusBar | null,
    palette: ICommandPalette | null,
  ): void => {
    const cells = new Cells(app, tracker);
    const sessions = new Sessions(channel);
    const panel = new AgentsPanel(sessions, cells, () => (button.isVisible ? button.button : null));
    const toggle = (): void => {
      if (panel.isOpen) panel.leave();
      else panel.enter();
      button.expanded = panel.isOpen;
    };
    const button = new AgentsButton(sessions, toggle);
    panel.onClosed = () => (button.expanded = false);
    new Markers(sessions, cells);
    app.commands.addCommand(COMMAND, { label: "Show Agents in Notebooks", execute: toggle });
    palette?.addItem({ command: COMMAND, category: "Notebook Operations" });
    if (statusBar === null) {
      app.shell.add(button, "top", { rank: RANK }); // Notebook has no status bar
      return;
    }
    statusBar.registerStatusItem("jmcp-labextension:agents", {
      item: button,
      align: "right",
      rank: RANK,
      isActive: () => button.active,
      activeStateChanged: button.activeChanged,
    });
  },
};
