/** Has a page's notebooks shared by jmcp's rooms. */

import type { JupyterFrontEnd } from "@jupyterlab/application";
import type { IDocumentManager } from "@jupyterlab/docmanager";
import type { NotebookModelFactory, NotebookWidgetFactory } from "@jupyterlab/notebook";
import type { Contents, Drive } from "@jupyterlab/services";
import { PROVIDER, RoomContents } from "./contents";
import { leaveOtherDrives } from "./other_drives";
import { reopen } from "./reopen";
import type { Room, Surroundings } from "./room";
import { RoomTabs } from "./tabs";

/** Share the page's notebooks; false where this JupyterLab cannot, or something else has them. */
export function share(
  app: JupyterFrontEnd,
  documents: IDocumentManager,
  factory: NotebookWidgetFactory.IFactory,
): boolean {
  const named = factory as unknown as { contentProviderId?: string };
  const { defaultDrive: drive } = app.serviceManager.contents as unknown as { defaultDrive?: Drive };
  const providers = drive?.contentProviderRegistry;
  if (drive === undefined || providers === undefined) return false;
  if (named.contentProviderId !== undefined || (drive as Contents.IDrive).sharedModelFactory) return false;

  const undoIsWide = (): boolean => {
    const model = app.docRegistry.getModelFactory("notebook") as NotebookModelFactory | undefined;
    return model?.disableDocumentWideUndoRedo === false;
  };
  const around: Surroundings = {
    reopen: (room) => reopen(app, documents, tabs.of(room), room.path),
    leave: async (room) => leave(drive, contents, room),
    renamed: () => undefined,
  };
  const contents = new RoomContents(drive, undoIsWide, around);
  const { user } = app.serviceManager;
  const tabs = new RoomTabs(contents, () => documents.autosave, () => user.identity);
  providers.register(PROVIDER, contents);
  leaveOtherDrives(app.serviceManager.contents, PROVIDER);
  named.contentProviderId = PROVIDER;
  app.docRegistry.addWidgetExtension("Notebook", tabs);
  documents.stateChanged.connect(() => contents.each((room) => tabs.tell(room)));
  return true;
}

/**
 * Have JupyterLab read and save the notebook of a server that has no jmcp any more. Where the file is not
 * what the tab knows, the tab's next save asks, as for every file that somebody else changed.
 */
async function leave(drive: Drive, contents: RoomContents, room: Room): Promise<boolean> {
  const model = await drive.get(room.path, { content: true, hash: true, type: "notebook" }).catch(() => null);
  if (model === null) return false;
  const known = [room.file.content, room.file.capture()];
  if (known.some((content) => content !== null && same(content, model))) {
    contents.adopt({ ...model, content: null });
  }
  room.leave();
  return true;
}

function same(known: object, { content }: Contents.IModel): boolean {
  return JSON.stringify(sources(known)) === JSON.stringify(sources(content));
}

/** What people and agents write of a notebook. */
function sources(notebook: unknown): unknown {
  const { cells } = notebook as { cells: { cell_type: string; source: string | string[] }[] };
  return cells.map(({ cell_type, source }) => [cell_type, Array.isArray(source) ? source.join("") : source]);
}
