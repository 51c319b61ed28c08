/** "2 agents": the button that says how many there are, and opens their panel. Hidden without any. */

import { Signal, type ISignal } from "@lumino/signaling";
import { Widget } from "@lumino/widgets";
import { element, setText } from "./element";
import type { Sessions } from "./sessions";

export class AgentsButton extends Widget {
  readonly button = element("button", "jmcp-AgentsButton-button");
  private readonly dot = element("span", "jmcp-AgentsButton-dot");
  private readonly text = element("span", "");
  private readonly _shown = new Signal<this, void>(this);

  constructor(
    private readonly sessions: Sessions,
    pressed: () => void,
  ) {
    super();
    this.id = "jmcp-agents-button";
    this.addClass("jmcp-AgentsButton");
    this.dot.setAttribute("aria-hidden", "true");
    this.button.type = "button";
    this.button.title = "Agents that have notebooks open";
    this.button.setAttribute("aria-haspopup", "dialog");
    this.button.onclick = pressed;
    this.button.append(this.dot, this.text);
    this.node.append(this.button);
    this.expanded = false;
    sessions.changed.connect(this.refresh, this);
    this.refresh();
  }

  get active(): boolean {
    return this.sessions.rows.length > 0;
  }

  /** Emits when `active` may have changed. */
  get activeChanged(): ISignal<this, void> {
    return this._shown;
  }

  set expanded(open: boolean) {
    this.button.setAttribute("aria-expanded", String(open));
  }

  private refresh(): void {
    const { rows } = this.sessions;
    const paused = rows.filter((row) => row.paused).length;
    const count = rows.length === 1 ? "1 agent" : `${String(rows.length)} agents`;
    setText(this.text, paused > 0 ? `${count}, ${String(paused)} paused` : count);
    this.dot.style.background = rows[0]?.color ?? "";
    this.setHidden(!this.active);
    this._shown.emit();
  }
}
