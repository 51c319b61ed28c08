/** What JupyterLab reads notebooks from and saves them through: their rooms, where there are some. */

import { YNotebook, type ISharedNotebook } from "@jupyter/ydoc";
import { ServerConnection, type Contents, type Drive, type IContentProvider } from "@jupyterlab/services";
import { Signal, type ISignal } from "@lumino/signaling";
import { Room, type Surroundings } from "./room";

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
  /** By paths that they had: JupyterLab may be in the midst of a save when it hears of a rename. */
  private readonly former = new Map<string, Room>();
  private readonly bySharedModel = new WeakMap<ISharedNotebook, Room>();
  private readonly models = new WeakMap<Room, Contents.IModel>();
  private readonly _fileChanged = new Signal<IContentProvider, Contents.IChangedArgs>(this);

  constructor(
    private readonly drive: Drive,
    /** Whether one undo is for the whole notebook. */
    private readonly undoIsWide: () => boolean,
    private readonly around: Surroundings,
  ) {
    drive.fileChanged.connect((_, change) => this.changed(change));
  }

  /** Files that changed without a request of JupyterLab's. */
  get fileChanged(): ISignal<IContentProvider, Contents.IChangedArgs> {
    return this._fileChanged;
  }

  /** The room of a document that was made here. */
  roomOf(shared: ISharedNotebook): Room | undefined {
    return this.bySharedModel.get(shared);
  }

  each(visit: (room: Room) => void): void {
    for (const room of this.rooms.values()) visit(room);
  }

  async get(path: string, options: Contents.IFetchOptions = {}): Promise<Contents.IModel> {
    const room = this.rooms.get(path) ?? this.former.get(path);
    if (!(await room?.ready) || room === undefined || room.state === "file") {
      return this.drive.get(path, plain(options));
    }
    if (options.content === true && room.loaded) await room.revert();
    const model = await this.model(room);
    // JupyterLab asks again where the notebook was renamed meanwhile: that is no revert.
    if (options.content === true && room.path === path) room.loaded = true;
    return { ...model, ...HASH, content: null, last_modified: LAST_MODIFIED };
  }

  async save(path: string, options: Partial<Contents.IModel> = {}): Promise<Contents.IModel> {
    const room = this.rooms.get(path) ?? this.former.get(path);
    if (!(await room?.ready) || room === undefined || room.state === "file") {
      return this.drive.save(path, plain(options));
    }
    return { ...(await room.save()), ...HASH, content: null, last_modified: LAST_MODIFIED };
  }

  /** Have JupyterLab take the file as it is now for the one that the tab has. */
  adopt(model: Contents.IModel): void {
    this._fileChanged.emit({ type: "save", oldValue: null, newValue: model });
  }

  private created(path: string): YNotebook {
    const shared = new YNotebook({ disableDocumentWideUndoRedo: !this.undoIsWide() });
    const room: Room = new Room(shared, path, {
      ...this.around,
      renamed: (_, from) => this.moved(room, from),
    });
    this.rooms.set(path, room);
    this.bySharedModel.set(shared, room);
    shared.disposed.connect(() => {
      room.close();
      if (this.rooms.get(room.path) === room) this.rooms.delete(room.path);
      for (const [path, renamed] of this.former) if (renamed === room) this.former.delete(path);
    });
    return shared;
  }

  /** The file's model without its content: as it was last seen while the server is away. */
  private async model(room: Room): Promise<Contents.IModel> {
    const { path } = room;
    try {
      const model = await this.drive.get(path, { content: false });
      this.models.set(room, model);
      return model;
    } catch (error) {
      if (isMissing(error) && (await room.locate()) !== path) return this.model(room);
      const known = this.models.get(room);
      if (known === undefined || !isAway(error)) throw error;
      return { ...known, path: room.path };
    }
  }

  private moved(room: Room, from: string): void {
    if (this.rooms.get(from) === room) this.rooms.delete(from);
    this.rooms.set(room.path, room);
    this.former.set(from, room);
    const name = room.path.slice(room.path.lastIndexOf("/") + 1);
    const known = { ...this.models.get(room), ...HASH, last_modified: LAST_MODIFIED };
    const newValue = { ...known, name, path: room.path };
    this._fileChanged.emit({ type: "rename", oldValue: { path: from }, newValue });
  }

  private changed({ type, oldValue, newValue }: Contents.IChangedArgs): void {
    const [from, to] = [oldValue?.path, newValue?.path];
    if (type === "rename" && from && to) {
      for (const room of [...this.rooms.values()]) {
        if (room.path === from || room.path.startsWith(`${from}/`)) room.move(to + room.path.slice(from.length));
      }
    } else if (type === "save" && to && newValue?.hash_algorithm !== HASH.hash_algorithm) {
      this.rooms.get(to)?.check();
    }
  }
}

/** Options for the drive's own provider. */
function plain<T extends object>(options: T): Omit<T, "contentProviderId"> {
  const { contentProviderId: _, ...rest } = options as T & { contentProviderId?: string };
  return rest;
}

/** Whether an error says that no file is there. */
function isMissing(error: unknown): boolean {
  return error instanceof ServerConnection.ResponseError && error.response.status === 404;
}

/** Whether an error says that the server is away, not that it refuses. */
function isAway(error: unknown): boolean {
  return !(error instanceof ServerConnection.ResponseError) || error.response.status >= 500;
}
