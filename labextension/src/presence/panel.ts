/** The small panel of the agents' sessions, beside what opened it. It stays until it is closed. */

import { Widget } from "@lumino/widgets";
import type { Cells } from "../cells";
import { Card } from "./card";
import { element } from "./element";
import type { Sessions } from "./sessions";

const TICK_MS = 1_000;
const GAP = 6;
const TITLE_ID = "jmcp-agents-title";

export class AgentsPanel extends Widget {
  private readonly cards = new Map<string, Card>();
  private readonly list = element("ul", "jmcp-Agents-list");
  private readonly none = element("p", "jmcp-Agents-none", "No agent has a notebook open.");
  private ticking: ReturnType<typeof setInterval> | undefined;

  constructor(
    private readonly sessions: Sessions,
    private readonly cells: Cells,
    private readonly anchor: () => HTMLElement | null,
  ) {
    super();
    this.id = "jmcp-agents";
    this.addClass("jmcp-Agents");
    this.node.setAttribute("role", "dialog");
    this.node.setAttribute("aria-labelledby", TITLE_ID);
    this.node.tabIndex = -1;
    const title = element("h2", "", "Agents");
    title.id = TITLE_ID;
    const close = element("button", "jmcp-Agents-close", "×");
    close.type = "button";
    close.setAttribute("aria-label", "Close");
    close.onclick = () => this.leave();
    this.node.append(element("header", "", title, close), this.none, this.list);
    sessions.changed.connect(this.refresh, this);
  }

  get isOpen(): boolean {
    return this.isAttached;
  }

  /** Open it and give it the focus. */
  enter(): void {
    if (this.isOpen) return;
    this.refresh();
    Widget.attach(this, document.body);
    this.place();
    this.node.addEventListener("keydown", this);
    window.addEventListener("resize", this);
    this.ticking = setInterval(() => this.tick(), TICK_MS);
    this.node.focus({ preventScroll: true });
  }

  /** Close it; the focus goes back to what opened it, if it was in here. */
  leave(): void {
    if (!this.isOpen) return;
    const focused = this.node.contains(document.activeElement);
    clearInterval(this.ticking);
    window.removeEventListener("resize", this);
    this.node.removeEventListener("keydown", this);
    Widget.detach(this);
    if (focused) this.anchor()?.focus({ preventScroll: true });
  }

  handleEvent(event: Event): void {
    if (event.type === "resize") this.place();
    else if ((event as KeyboardEvent).key === "Escape") {
      event.stopPropagation();
      this.leave();
    }
  }

  protected override onAfterDetach(): void {
    this._closed?.();
  }

  /** Called each time that it was closed. */
  set onClosed(closed: () => void) {
    this._closed = closed;
  }
  private _closed: (() => void) | undefined;

  private refresh(): void {
    const gone = new Set(this.cards.keys());
    // In the order in which they came: what the person points at does not move away.
    for (const session of this.sessions.rows) {
      gone.delete(session.key);
      const card = this.cards.get(session.key);
      if (card !== undefined) card.update(session);
      else this.add(new Card(session, this.sessions, this.cells), session.key);
    }
    for (const key of gone) {
      const card = this.cards.get(key);
      if (card?.node.contains(document.activeElement)) this.node.focus({ preventScroll: true });
      card?.node.remove();
      this.cards.delete(key);
    }
    this.none.hidden = this.cards.size > 0;
    this.list.hidden = this.cards.size === 0;
  }

  private add(card: Card, key: string): void {
    this.cards.set(key, card);
    this.list.append(card.node);
  }

  private tick(): void {
    if (document.hidden) return;
    for (const card of this.cards.values()) card.tick();
  }

  /** Beside its anchor, within the window. */
  private place(): void {
    const { style } = this.node;
    const at = this.anchor()?.getBoundingClientRect();
    const below = at !== undefined && at.width > 0 && at.top < innerHeight / 2;
    style.top = below ? `${String(at.bottom + GAP)}px` : "auto";
    style.bottom = below ? "auto" : `${String(at?.width ? innerHeight - at.top + GAP : 4 * GAP)}px`;
    style.right = `${String(Math.max(GAP, Math.min(innerWidth - (at?.right || innerWidth), innerWidth - 344)))}px`;
  }
}
