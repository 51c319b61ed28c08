/** Says in a notebook's toolbar, without a dialog, that the tab is not connected. */

import type { NotebookPanel } from "@jupyterlab/notebook";
import { Widget } from "@lumino/widgets";
import type { Room } from "./room";

/** A connection that is back sooner is not worth a word. */
const QUIET_MS = 2_000;
const NAME = "jmcp-room";
const TEXT = "Not connected: what you type is kept in this tab";

export class Indicator extends Widget {
  private timer: ReturnType<typeof setTimeout> | null = null;

  constructor(
    private readonly room: Room,
    private readonly panel: NotebookPanel,
  ) {
    super();
    this.addClass("jmcp-room-lost");
    this.node.setAttribute("role", "status");
    this.node.textContent = TEXT;
    this.node.title = `${TEXT}. It goes to the notebook when the server answers again; keep this tab open.`;
    Object.assign(this.node.style, { color: "var(--jp-warn-color0)", padding: "0 8px", alignSelf: "center" });
    room.stateChanged.connect(this.changed, this);
  }

  override dispose(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.room.stateChanged.disconnect(this.changed, this);
    super.dispose();
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
