/** The sessions of agents that the server tells of, as they were when it last did. */

import { Signal, type ISignal } from "@lumino/signaling";
import type { Channel, Message } from "../channel";

export interface HeldNotebook {
  path: string;
  current: boolean;
  kernel_state: string | null;
}

export interface AtCell {
  path: string;
  cell_id: string;
  doing: "edit" | "run";
  /** Whether the run goes on or waits. */
  running: boolean;
}

export interface LastCall {
  tool: string;
  path: string | null;
  cell_id: string | null;
  outcome: string;
  seconds_ago: number;
}

/** One session. Names, paths and tools are what agents sent: text, nothing else. */
export interface Session {
  key: string;
  client: string | null;
  owner: string | null;
  color: string;
  paused: boolean;
  notebooks: HeldNotebook[];
  at: AtCell | null;
  idle_seconds: number;
  calls: LastCall[];
}

const COLOR = /^#[0-9a-f]{6}$/i;
const PLAIN = "#808080";

export class Sessions {
  rows: readonly Session[] = [];
  private received = 0;
  private readonly _changed = new Signal<this, void>(this);

  constructor(private readonly channel: Channel) {
    channel.told.connect((_, message) => this.heard(message));
    channel.connected.connect((_, connected) => {
      if (!connected) this.set([]);
    });
    const before = channel.latest("sessions");
    if (before !== undefined) this.heard(before);
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Seconds since the server told; its own numbers of seconds are of that moment. */
  get age(): number {
    return (performance.now() - this.received) / 1000;
  }

  /** Have the server do something with a session. Throws an Error with a sentence for the person. */
  async do(what: "pause" | "resume" | "undo", session: Session): Promise<unknown> {
    return this.channel.do(what, { session: session.key });
  }

  private heard(message: Message): void {
    if (message.type === "sessions") this.set(message["sessions"] as Session[]);
  }

  private set(rows: Session[]): void {
    this.received = performance.now();
    this.rows = rows.map((row) => ({ ...row, color: COLOR.test(row.color) ? row.color : PLAIN }));
    this._changed.emit();
  }
}

/** What people call a session: the name of its program, and of the token where that is another's. */
export function nameOf(session: Session): string {
  const name = session.client || "Agent";
  return session.owner === null ? name : `${name} (${session.owner})`;
}
