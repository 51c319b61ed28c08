/** Gives a room what was typed in tabs that are gone, and tells the person. */

import { Notification } from "@jupyterlab/apputils";
import { PathExt } from "@jupyterlab/coreutils";
import { Refused, request } from "../server";
import { lacks } from "./draft_content";
import { drafts, lockOf, type Draft } from "./draft_store";
import type { Room } from "./room";

const SHOWN_MS = 15_000;

/** Join in the drafts of this notebook whose tabs are gone. What cannot be joined now is kept. */
export async function recover(room: Room): Promise<void> {
  for (const id of await drafts.of(room.path, room.id)) {
    // A tab that is still there joins its own.
    await navigator.locks.request(lockOf(id), { ifAvailable: true }, async (lock) => {
      const draft = lock === null ? null : await drafts.get(id);
      if (draft !== null && (await join(room, draft))) await drafts.remove(id);
    });
  }
}

/** Whether the room has it by now. */
async function join(room: Room, { path, room: from, base, mine }: Draft): Promise<boolean> {
  if (!lacks(room.file.capture(), { base, mine })) return true;
  try {
    const found = await request<{ path: string }>("POST", "rejoin", { path, room: from, base, mine });
    Notification.info(
      `What you typed in ${PathExt.basename(found.path)} without a connection, in a tab that is closed, is in the notebook now.`,
      { autoClose: SHOWN_MS },
    );
    return true;
  } catch (error) {
    if (error instanceof Refused && error.status < 500) {
      Notification.warning(
        `What you typed in ${PathExt.basename(path)} without a connection could not be put into the notebook: ${error.message}`,
        { autoClose: false },
      );
    }
    return false;
  }
}
