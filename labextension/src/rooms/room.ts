/** The connection of one notebook's document to its room. */

import type { YNotebook } from "@jupyter/ydoc";
import { URLExt } from "@jupyterlab/coreutils";
import { ServerConnection } from "@jupyterlab/services";
import * as decoding from "lib0/decoding";
import * as encoding from "lib0/encoding";
import * as sync from "y-protocols/sync";
import { settings, socketUrl } from "../server";

const SYNC = 0;
const RAW = 2;
const JOIN_MS = 10_000;
const RECONNECT_MS = 500;

interface Place {
  fileId: string;
  sessionId: string;
}

export class Room {
  /** Whether the room filled the document; false where there is none, and the file is read as always. */
  readonly ready: Promise<boolean>;
  private settle!: (joined: boolean) => void;
  private socket: WebSocket | null = null;
  private joined = false;
  private synced = false;
  private closed = false;
  private saving: ((status: string) => void) | null = null;

  constructor(
    readonly shared: YNotebook,
    public path: string,
  ) {
    this.ready = new Promise((resolve) => (this.settle = resolve));
    shared.ydoc.on("update", this.send);
    setTimeout(() => this.giveUp(), JOIN_MS);
    void this.connect();
  }

  close(): void {
    this.closed = true;
    this.shared.ydoc.off("update", this.send);
    this.socket?.close();
  }

  /** Have the room write the file. Throws where it does not. */
  async save(): Promise<void> {
    if (!this.synced) {
      const error = new Error("Not connected: what you typed is kept in this tab.");
      error.name = "ModalCancelError"; // the one rejection of which JupyterLab makes no dialog
      throw error;
    }
    const done = new Promise<string>((resolve) => (this.saving = resolve));
    this.write(RAW, (out) => {
      encoding.writeVarString(out, "save");
      encoding.writeVarUint(out, 1);
    });
    const status = await done;
    if (status !== "success" && status !== "skipped") throw new Error(`The room answered: ${status}`);
  }

  private readonly send = (update: Uint8Array, origin: unknown): void => {
    if (origin !== this && this.synced) this.write(SYNC, (out) => sync.writeUpdate(out, update));
  };

  private async connect(): Promise<void> {
    const url = URLExt.join(settings.baseUrl, "api/collaboration/session", URLExt.encodeParts(this.path));
    const body = JSON.stringify({ format: "json", type: "notebook" });
    try {
      const answer = await ServerConnection.makeRequest(url, { method: "PUT", body }, settings);
      if (!answer.ok) return this.giveUp();
      const { fileId, sessionId } = (await answer.json()) as Place;
      this.open(socketUrl(`api/collaboration/room/json:notebook:${fileId}`, { sessionId }));
    } catch {
      this.lost();
    }
  }

  private open(url: string): void {
    const socket = (this.socket = new WebSocket(url));
    socket.binaryType = "arraybuffer";
    socket.onopen = () => this.write(SYNC, (out) => sync.writeSyncStep1(out, this.shared.ydoc));
    socket.onmessage = ({ data }) => this.heard(new Uint8Array(data as ArrayBuffer));
    socket.onclose = () => this.lost();
  }

  private heard(data: Uint8Array): void {
    const message = decoding.createDecoder(data);
    const type = decoding.readVarUint(message);
    if (type === RAW) {
      const told = JSON.parse(decoding.readVarString(message)) as Record<string, string>;
      if (told["type"] === "save") this.saving?.(String(told["status"]));
    }
    if (type !== SYNC) return;
    const reply = encoding.createEncoder();
    encoding.writeVarUint(reply, SYNC);
    const kind = sync.readSyncMessage(message, reply, this.shared.ydoc, this);
    if (encoding.length(reply) > 1) this.socket?.send(encoding.toUint8Array(reply) as Uint8Array<ArrayBuffer>);
    if (kind === sync.messageYjsSyncStep2) {
      this.joined = this.synced = true;
      this.settle(true);
    }
  }

  private lost(): void {
    this.synced = false;
    this.saving?.("lost");
    if (!this.joined) this.giveUp();
    else if (!this.closed) setTimeout(() => void this.connect(), RECONNECT_MS);
  }

  private giveUp(): void {
    if (this.joined) return;
    this.close();
    this.settle(false);
  }

  private write(type: number, body: (out: encoding.Encoder) => void): void {
    if (this.socket?.readyState !== WebSocket.OPEN) return;
    const out = encoding.createEncoder();
    encoding.writeVarUint(out, type);
    body(out);
    this.socket.send(encoding.toUint8Array(out) as Uint8Array<ArrayBuffer>);
  }
}
