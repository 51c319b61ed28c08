/** What JupyterLab reads notebooks from and saves them through: their rooms, where there are some. */

import { YNotebook } from "@jupyter/ydoc";
import type { Contents, Drive, IContentProvider } from "@jupyterlab/services";
import { Room } from "./room";

/** The hash and the time of every notebook with a room: conflicts with the file are the room's business,
 * and JupyterLab asks "File Changed" when either of them changes. */
const HASH = { hash: "jmcp", hash_algorithm: "jmcp" };
const LAST_MODIFIED = "2000-01-01T00:00:00Z";

export const PROVIDER = "jmcp";

export class RoomContents implements IContentProvider {
  readonly sharedModelFactory: Contents.ISharedFactory = {
    // Otherwise JupyterLab puts an empty cell into a notebook that its room has not filled yet.
    collaborative: true,
    createNew: ({ path, contentType }) => (contentType === "notebook" ? this.created(path) : undefined),
  };
  private readonly rooms = new Map<string, Room>();

  constructor(private readonly drive: Drive) {
    drive.fileChanged.connect((_, { type, oldValue, newValue }) => {
      const room = type === "rename" && oldValue?.path ? this.rooms.get(oldValue.path) : undefined;
      if (room === undefined || !newValue?.path) return;
      this.rooms.delete(room.path);
      room.path = newValue.path;
      this.rooms.set(room.path, room);
    });
  }

  async get(path: string, options: Contents.IFetchOptions = {}): Promise<Contents.IModel> {
    const { contentProviderId: _, ...plain } = options;
    if (!(await this.rooms.get(path)?.ready)) return this.drive.get(path, plain);
    const model = await this.drive.get(path, { ...plain, content: false });
    return { ...model, ...HASH, content: null, last_modified: LAST_MODIFIED };
  }

  async save(path: string, options: Partial<Contents.IModel> = {}): Promise<Contents.IModel> {
    const room = this.rooms.get(path);
    if (room === undefined || !(await room.ready)) return this.drive.save(path, options);
    await room.save();
    const model = await this.drive.get(path, { content: false, type: "notebook" });
    return { ...model, ...HASH, last_modified: LAST_MODIFIED };
  }

  private created(path: string): YNotebook {
    const shared = new YNotebook({ disableDocumentWideUndoRedo: true });
    const room = new Room(shared, path);
    this.rooms.set(path, room);
    shared.disposed.connect(() => {
      room.close();
      if (this.rooms.get(room.path) === room) this.rooms.delete(room.path);
    });
    return shared;
  }
}
