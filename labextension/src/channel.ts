/**
 * The page's one connection to jmcp: what the server asks is answered, what it tells is passed on, and what
 * the person does goes there. It comes back by itself.
 */

import { Token, UUID } from "@lumino/coreutils";
import { Signal, type ISignal } from "@lumino/signaling";
import { socketUrl } from "./server";

/** How documents are shared on this page: by JupyterLab's collaboration, by jmcp's rooms, not at all. */
export type Way = "collaboration" | "jmcp" | "file";
export type Message = { type: string } & Record<string, unknown>;
/** Answers a question of the server; throws an Error whose message says why there is no answer. */
export type Answerer = (question: Message) => Promise<unknown>;

const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 30_000;
const ANSWER_MS = 15_000;

export const IChannel = new Token<Channel>("jmcp:IChannel", "The page's connection to jmcp.");

export class Channel {
  readonly page = UUID.uuid4();
  private readonly answerers = new Map<string, Answerer>();
  private readonly waiting = new Map<number, (message: Message | null) => void>();
  private readonly last = new Map<string, Message>();
  private readonly _told = new Signal<this, Message>(this);
  private readonly _connected = new Signal<this, boolean>(this);
  private socket: WebSocket | null = null;
  private wait = FIRST_WAIT_MS;
  private number = 0;

  constructor(
    private readonly way: Way,
    private readonly app: string,
  ) {}

  /** Messages of the server that are no questions. */
  get told(): ISignal<this, Message> {
    return this._told;
  }

  /** What the server told last of that kind on this connection: it may have come before anybody listened. */
  latest(type: string): Message | undefined {
    return this.last.get(type);
  }

  /** Emits whether the page is connected, each time that this changes. */
  get connected(): ISignal<this, boolean> {
    return this._connected;
  }

  /** Have `answerer` answer the server's questions of that kind. */
  answer(what: string, answerer: Answerer): void {
    this.answerers.set(what, answerer);
  }

  connect(): void {
    const socket = (this.socket = new WebSocket(socketUrl("jmcp/lab/page")));
    socket.onopen = () => {
      this.wait = FIRST_WAIT_MS;
      this.tell({ type: "hello", page: this.page, way: this.way, app: this.app });
      this._connected.emit(true);
    };
    socket.onmessage = ({ data }) => void this.heard(JSON.parse(String(data)) as Message);
    socket.onclose = () => {
      if (this.socket !== socket) return;
      this.socket = null;
      for (const done of this.waiting.values()) done(null);
      this.waiting.clear();
      this.last.clear();
      this._connected.emit(false);
      setTimeout(() => this.connect(), this.wait);
      this.wait = Math.min(2 * this.wait, LONGEST_WAIT_MS);
    };
  }

  /** Say something, if the page is connected. */
  tell(message: Message): boolean {
    if (this.socket?.readyState !== WebSocket.OPEN) return false;
    this.socket.send(JSON.stringify(message));
    return true;
  }

  /** Have the server do something for the person. Throws an Error with the reason when it does not. */
  async do(what: string, details: Record<string, unknown>): Promise<unknown> {
    const id = ++this.number;
    const done = new Promise<Message | null>((resolve) => {
      this.waiting.set(id, resolve);
      setTimeout(() => resolve(null), ANSWER_MS);
    });
    if (!this.tell({ ...details, type: "do", id, what })) {
      this.waiting.delete(id);
      throw new Error("This page is not connected to jmcp just now.");
    }
    const answer = await done;
    this.waiting.delete(id);
    if (answer === null) throw new Error("jmcp did not answer.");
    if (answer["problem"] !== undefined) throw new Error(String(answer["problem"]));
    return answer["result"];
  }

  private async heard(message: Message): Promise<void> {
    if (message.type === "done") {
      this.waiting.get(Number(message["id"]))?.(message);
    } else if (message.type === "ask") {
      await this.asked(message);
    } else {
      this.last.set(message.type, message);
      this._told.emit(message);
    }
  }

  private async asked(question: Message): Promise<void> {
    const answerer = this.answerers.get(String(question["what"]));
    const reply: Message = { type: "answer", id: question["id"] };
    try {
      if (answerer === undefined) throw new Error("This page cannot do that.");
      reply["result"] = await answerer(question);
    } catch (error) {
      reply["problem"] = error instanceof Error ? error.message : String(error);
    }
    this.tell(reply);
  }
}
