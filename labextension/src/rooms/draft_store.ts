/** The browser's own storage for what was typed without a connection: it outlives the tab and the page. */

import type { INotebookContent } from "@jupyterlab/nbformat";
import { settings } from "../server";

const DATABASE = "jmcp-drafts";
const STORE = "drafts";
/** Older ones are dropped. */
const KEPT_MS = 7 * 24 * 3_600_000;
const KEPT_DRAFTS = 20;
/** Of both versions of one notebook as JSON, without the outputs that both have. */
const LONGEST = 10 * 2 ** 20;

export interface Versions {
  /** What the room had when the first of this was typed. */
  base: INotebookContent;
  mine: INotebookContent;
}

export interface Draft extends Versions {
  /** Of the document, whose page holds a lock of that name for as long as it has it. */
  id: string;
  path: string;
  room: string | null;
}

interface Row {
  id: string;
  server: string;
  path: string;
  room: string | null;
  at: number;
  versions: string;
}

class DraftStore {
  private opening: Promise<IDBDatabase> | null = null;
  /** Once it is open, a write begins in the call itself: when a page goes there is no later. */
  private opened: IDBDatabase | null = null;

  /** Throws what the browser says where there is no room, or nothing may be kept. */
  async put({ id, path, room, ...versions }: Draft): Promise<void> {
    const row: Row = { id, server: settings.baseUrl, path, room, at: Date.now(), versions: JSON.stringify(versions) };
    if (row.versions.length > LONGEST) throw new Error("the notebook is too large");
    const database = this.opened ?? (await this.open());
    await done(database, (store) => {
      store.put(row);
      store.transaction.commit(); // else the page may be gone before the browser does it by itself
    });
  }

  async remove(id: string): Promise<void> {
    await done(await this.open(), (store) => store.delete(id));
  }

  async get(id: string): Promise<Draft | null> {
    let row: Row | undefined;
    await done(await this.open(), (store) => {
      const request = store.get(id) as IDBRequest<Row | undefined>;
      request.onsuccess = () => (row = request.result);
    });
    if (row === undefined) return null;
    return { id, path: row.path, room: row.room, ...(JSON.parse(row.versions) as Versions) };
  }

  /** The ids of drafts of the notebook of that room, and of what was at that path. Drops old ones. */
  async of(path: string, room: string | null): Promise<string[]> {
    const found: string[] = [];
    let count = 0;
    await done(await this.open(), (store) => {
      const request = store.index("at").openCursor(null, "prev");
      request.onsuccess = () => {
        const cursor = request.result;
        if (cursor === null) return;
        const row = cursor.value as Row;
        count += 1;
        if (count > KEPT_DRAFTS || row.at < Date.now() - KEPT_MS) cursor.delete();
        else if (row.server === settings.baseUrl && (row.path === path || row.room === room)) found.push(row.id);
        cursor.continue();
      };
    });
    return found;
  }

  /** Have it open before the first write. */
  async prepare(): Promise<void> {
    await this.open();
  }

  private open(): Promise<IDBDatabase> {
    this.opening ??= new Promise<IDBDatabase>((resolve, reject) => {
      const request = indexedDB.open(DATABASE, 1);
      request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: "id" }).createIndex("at", "at");
      request.onerror = () => reject(request.error ?? new Error("the browser keeps nothing"));
      request.onsuccess = () => {
        this.opened = request.result;
        request.result.onclose = () => (this.opened = this.opening = null);
        resolve(request.result);
      };
    }).catch((error: unknown) => {
      this.opening = null;
      throw error;
    });
    return this.opening;
  }
}

export const drafts = new DraftStore();

function done(database: IDBDatabase, work: (store: IDBObjectStore) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const transaction = database.transaction(STORE, "readwrite");
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(transaction.error ?? new Error("the browser has not kept it"));
    work(transaction.objectStore(STORE));
  });
}

/** The lock that the page of a document holds: its draft is nobody else's meanwhile. */
export function lockOf(id: string): string {
  return `jmcp draft ${id}`;
}
