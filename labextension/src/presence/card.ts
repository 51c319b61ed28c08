/** One session in the panel: who, where, its last calls, and what the person can do. */

import type { Cells } from "../cells";
import { element, setText } from "./element";
import { nameOf, type HeldNotebook, type LastCall, type Session, type Sessions } from "./sessions";

interface Undone {
  path: string;
  cells: unknown[];
}

export class Card {
  readonly node = element("li", "jmcp-Agents-session");
  private readonly name = element("h3", "jmcp-Agents-name");
  private readonly paused = element("span", "jmcp-Agents-paused", "paused");
  private readonly notebooks = element("ul", "jmcp-Agents-notebooks");
  private readonly calls = element("ol", "jmcp-Agents-calls");
  private readonly said = element("p", "jmcp-Agents-said");
  private readonly pause = element("button", "", "Pause");
  private readonly undo = element("button", "", "Undo its last change");
  private readonly show = element("button", "", "Show its cell");

  constructor(
    private session: Session,
    private readonly sessions: Sessions,
    private readonly cells: Cells,
  ) {
    const swatch = element("span", "jmcp-Agents-swatch");
    this.notebooks.setAttribute("aria-label", "Notebooks");
    this.calls.setAttribute("aria-label", "Last calls");
    this.said.setAttribute("role", "status");
    for (const button of [this.pause, this.undo, this.show]) button.type = "button";
    this.pause.onclick = () => this.does(this.pause, () => this.pauses());
    this.undo.onclick = () => this.does(this.undo, () => this.undoes());
    this.show.onclick = () => this.does(this.show, () => this.shows());
    const head = element("div", "jmcp-Agents-head", swatch, this.name, this.paused);
    const buttons = element("div", "jmcp-Agents-buttons", this.pause, this.undo, this.show);
    this.node.append(head, this.notebooks, this.calls, buttons, this.said);
    this.update(session);
  }

  update(session: Session): void {
    this.session = session;
    this.node.style.setProperty("--jmcp-color", session.color);
    const name = nameOf(session);
    setText(this.name, name);
    this.name.title = name;
    this.paused.hidden = !session.paused;
    label(this.pause, session.paused ? "Resume" : "Pause", name);
    label(this.undo, "Undo its last change", name);
    label(this.show, session.at === null ? "Show its notebook" : "Show its cell", name);
    this.show.disabled = this.place() === null;
    lines(this.notebooks, session.notebooks.map(notebookLine));
    this.tick();
  }

  /** Write how long ago the calls were. */
  tick(): void {
    const { age } = this.sessions;
    lines(
      this.calls,
      this.session.calls.map((call) => this.callLine(call, age)),
    );
  }

  private place(): { path: string; cell_id: string | null } | null {
    if (this.session.at !== null) return this.session.at;
    const held = this.session.notebooks;
    const shown = held.find((one) => one.current) ?? held[0];
    return shown === undefined ? null : { path: shown.path, cell_id: null };
  }

  private callLine(call: LastCall, age: number): Line {
    const { path, cell_id: id } = call;
    const index = path !== null && id !== null ? this.cells.find(path, id)[0]?.index : undefined;
    const cell = index === undefined ? "" : ` cell ${String(index)}`;
    const when = call.outcome === "running" ? "" : ` · ${ago(call.seconds_ago + age)}`;
    const bad = !["ok", "running"].includes(call.outcome);
    return { text: `${call.tool}${cell} · ${call.outcome}${when}`, title: path ?? "", bad };
  }

  private async pauses(): Promise<string> {
    const pausing = !this.session.paused;
    await this.sessions.do(pausing ? "pause" : "resume", this.session);
    return pausing ? "Paused: it can read, but change nothing." : "It can work again.";
  }

  private async undoes(): Promise<string> {
    const { path, cells } = (await this.sessions.do("undo", this.session)) as Undone;
    return `Took back its last change of ${path} (${cells.length === 1 ? "1 cell" : `${String(cells.length)} cells`}).`;
  }

  private async shows(): Promise<string> {
    const place = this.place();
    if (place !== null) await this.cells.show(place.path, place.cell_id);
    return "";
  }

  /** Do it once, and say what became of it. The button keeps the focus meanwhile. */
  private does(button: HTMLButtonElement, work: () => Promise<string>): void {
    if (button.getAttribute("aria-busy") === "true") return;
    button.setAttribute("aria-busy", "true");
    this.say("", false);
    work()
      .then((text) => this.say(text, false))
      .catch((error: unknown) => this.say(error instanceof Error ? error.message : String(error), true))
      .finally(() => button.removeAttribute("aria-busy"));
  }

  private say(text: string, bad: boolean): void {
    this.said.classList.toggle("jmcp-mod-bad", bad);
    setText(this.said, text);
  }
}

interface Line {
  text: string;
  title: string;
  bad: boolean;
}

function notebookLine({ path, kernel_state: state }: HeldNotebook): Line {
  const kernel = state === null ? "no kernel" : `kernel ${state}`;
  return { text: `${path} · ${kernel}`, title: path, bad: state === "dead" };
}

/** Make a list have these lines, each in its own element as long as there is one. */
function lines(list: HTMLElement, all: Line[]): void {
  while (list.children.length > all.length) list.lastElementChild?.remove();
  for (const [at, { text, title, bad }] of all.entries()) {
    const line = (list.children[at] as HTMLElement | undefined) ?? list.appendChild(element("li", ""));
    line.classList.toggle("jmcp-mod-bad", bad);
    if (line.title !== title) line.title = title;
    setText(line, text);
  }
}

function label(button: HTMLButtonElement, text: string, name: string): void {
  setText(button, text);
  button.setAttribute("aria-label", `${text}: ${name}`);
}

function ago(seconds: number): string {
  if (seconds < 5) return "now";
  if (seconds < 60) return `${String(Math.floor(seconds))} s ago`;
  if (seconds < 3600) return `${String(Math.floor(seconds / 60))} min ago`;
  return `${String(Math.floor(seconds / 3600))} h ago`;
}
