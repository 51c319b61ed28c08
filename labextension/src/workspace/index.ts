/** What agents may ask of the page: what the person looks at, and to show something. */

import type { JupyterFrontEnd, JupyterFrontEndPlugin } from "@jupyterlab/application";
import { IDocumentManager } from "@jupyterlab/docmanager";
import { INotebookTracker } from "@jupyterlab/notebook";
import { ISettingRegistry } from "@jupyterlab/settingregistry";
import { Cells } from "../cells";
import { IChannel, type Channel } from "../channel";
import { bridge } from "../frame";
import { context } from "./context";
import { Person } from "./person";
import { tellSeen } from "./seen";
import { Stage } from "./show";

const ID = "jmcp-labextension:workspace";
const OFF = { refused: "off" };

export const workspace: JupyterFrontEndPlugin<void> = {
  id: ID,
  description: "Tells agents that ask what you look at, and shows you what they point at.",
  autoStart: true,
  requires: [IChannel, INotebookTracker, IDocumentManager],
  optional: [ISettingRegistry],
  activate: (
    app: JupyterFrontEnd,
    channel: Channel,
    tracker: INotebookTracker,
    documents: IDocumentManager,
    registry: ISettingRegistry | null,
  ): void => {
    const person = new Person();
    const stage = new Stage(app, documents, new Cells(app, tracker), person);
    const settings = registry?.load(ID).catch(() => null) ?? Promise.resolve(null);
    const allowed = async (name: string): Promise<boolean> => (await settings)?.get(name).composite !== false;
    channel.answer("awake", () => Promise.resolve({}));
    channel.answer("context", async () =>
      (await allowed("userContext")) ? context(app, tracker, person) : OFF,
    );
    channel.answer("show", async (question) => {
      if (!(await allowed("showInLab"))) return OFF;
      const { path, cell_id: cellId, cell_index: cellIndex } = question as unknown as Asked;
      const shown = await stage.show({ path, cellId, cellIndex });
      return typeof shown === "string" ? { refused: shown } : shown;
    });
    tellSeen(app, channel, tracker, () => allowed("userContext"));
    void bridge(app, stage);
  },
};

interface Asked {
  path: string;
  cell_id: string | null;
  cell_index: number | null;
}
