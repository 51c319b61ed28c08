/** Says in a notebook's toolbar, without a dialog, that the tab is not connected. */

import type { NotebookPanel } from "@jupyterlab/notebook";
import { Widget } from "@lumino/widgets";
import type { Room } from "./room";

/** A connection that is back sooner is not worth a word. */
const QUIET_MS = 2_000;
const NAME = "jmcp-room";
const LOST = "Not connected: what you type is kept in this";
const KEPT = "It goes to the notebook when the server answers again, also if you close this tab and open the notebook later.";

export class Indicator extends Widget {
  private timer: ReturnType<typeof setTimeout> | null = null;

  constructor(
    private readonly room: Room,
    private readonly panel: NotebookPanel,
  ) {
    super();
    this.addClass("jmcp-room-lost");
    this.node.setAttribute("role", "status");
    Object.assign(this.node.style, { color: "var(--jp-warn-color0)", padding: "0 8px", alignSelf: "center" });
    room.stateChanged.connect(this.changed, this);
    room.draft.changed.connect(this.tell, this);
    this.tell();
  }

  override dispose(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.room.stateChanged.disconnect(this.changed, this);
    this.room.draft.changed.disconnect(this.tell, this);
    super.dispose();
  }

  private tell(): void {
    const { problem } = this.room.draft;
    this.node.textContent = `${LOST} ${problem === null ? "browser" : "tab alone"}`;
    const alone = `The browser keeps nothing (${problem}): leave this tab open until the server answers again.`;
    this.node.title = problem === null ? KEPT : alone;
  }

  private changed(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    if (this.room.state !== "lost") this.parent = null;
    else this.timer = setTimeout(() => this.appear(), QUIET_MS);
  }

  private appear(): void {
    const { toolbar } = this.panel;
    if (this.panel.isDisposed) return;
    if (!toolbar.insertAfter("spacer", NAME, this)) toolbar.insertItem(0, NAME, this);
  }
}
