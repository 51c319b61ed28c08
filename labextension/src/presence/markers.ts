/** Markers at the cells that agents edit or run, in their colours and with their names. */

import type { Cells } from "../cells";
import { element } from "./element";
import { nameOf, type AtCell, type Session, type Sessions } from "./sessions";

/** So long a marker stays after the call or the run: time to see it, and short beside a model's thinking. */
const STAY_MS = 5_000;
const TICK_MS = 500;

interface Mark {
  session: Session;
  at: AtCell;
  /** By `performance.now()`; Infinity while it runs. */
  until: number;
}

export class Markers {
  private readonly marks = new Map<string, Mark>();
  private readonly drawn = new Map<HTMLElement, { node: HTMLElement; what: string }>();
  private ticking: ReturnType<typeof setInterval> | undefined;

  constructor(
    private readonly sessions: Sessions,
    private readonly cells: Cells,
  ) {
    sessions.changed.connect(() => this.refresh());
    this.refresh();
  }

  private refresh(): void {
    const now = performance.now();
    const gone = new Set(this.marks.keys());
    for (const session of this.sessions.rows) {
      const { at, key } = session;
      if (at === null) continue;
      gone.delete(key);
      const before = this.marks.get(key);
      this.marks.set(key, { session, at, until: until(session, at, before, now) });
    }
    for (const key of gone) this.marks.delete(key);
    this.tick();
  }

  /** Draw what is to be seen now. Cells are moved, replaced and opened meanwhile, so look again soon. */
  private tick(): void {
    const now = performance.now();
    const at = new Map<HTMLElement, Mark[]>();
    let any = false;
    for (const mark of this.marks.values()) {
      if (mark.until <= now) continue;
      any = true;
      for (const { cell } of this.cells.find(mark.at.path, mark.at.cell_id)) {
        at.set(cell.node, [...(at.get(cell.node) ?? []), mark]);
      }
    }
    for (const [cell, { node }] of this.drawn) {
      if (at.has(cell)) continue;
      node.remove();
      this.drawn.delete(cell);
    }
    for (const [cell, marks] of at) this.draw(cell, marks);
    if (any) this.ticking ??= setInterval(() => this.tick(), TICK_MS);
    else {
      clearInterval(this.ticking);
      this.ticking = undefined;
    }
  }

  private draw(cell: HTMLElement, marks: Mark[]): void {
    const labels = marks.map(({ session, at }) => ({
      color: session.color,
      text: `${nameOf(session)} ${at.doing === "run" ? (at.running ? "runs" : "ran") : "edited"}`,
    }));
    const what = JSON.stringify(labels);
    const before = this.drawn.get(cell);
    if (before?.what === what && before.node.parentNode === cell) return;
    before?.node.remove();
    // Beside the cell's content, not in its flow: nothing moves by it, and it takes no clicks.
    const node = element("div", "jmcp-Markers");
    node.style.setProperty("--jmcp-color", labels[0]?.color ?? "");
    for (const { color, text } of labels) {
      const label = element("span", "jmcp-Markers-label", text);
      label.style.setProperty("--jmcp-color", color);
      node.append(label);
    }
    cell.append(node);
    this.drawn.set(cell, { node, what });
  }
}

/** Until when a session's marker is seen. */
function until(session: Session, at: AtCell, before: Mark | undefined, now: number): number {
  if (at.running) return Infinity;
  const since = now + STAY_MS - 1000 * secondsAgo(session, at);
  if (before === undefined || !same(before.at, at)) return since;
  return Math.max(since, before.until === Infinity ? now + STAY_MS : before.until);
}

/** How long ago the session did something at that cell; Infinity where its last calls do not say. */
function secondsAgo(session: Session, at: AtCell): number {
  const call = session.calls.find(
    (one) => one.cell_id === at.cell_id && one.path === at.path && !one.tool.startsWith("read_"),
  );
  return call?.seconds_ago ?? Infinity;
}

function same(one: AtCell, other: AtCell): boolean {
  return one.path === other.path && one.cell_id === other.cell_id;
}
