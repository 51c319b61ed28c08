/** What a person goes on typing for a cell that is gone: for the notebook these keys would be commands,
 * which delete cells. */

/** Between two keys of who types and has not noticed yet, and before the first of them. */
const BURST_MS = 1_000;

export class StrayKeys {
  /** The text that they would have made. */
  typed = "";
  private last = performance.now();
  private over = false;

  /** Keep keys from a notebook, and from the page where nothing has the keyboard. */
  constructor(private readonly node: HTMLElement) {
    window.addEventListener("keydown", this.take, true);
    window.addEventListener("pointerdown", this.end, true);
  }

  /** Whether a key that comes now would be one of them. */
  get expected(): boolean {
    return !this.over && performance.now() - this.last <= BURST_MS;
  }

  readonly end = (): void => {
    this.over = true;
    window.removeEventListener("keydown", this.take, true);
    window.removeEventListener("pointerdown", this.end, true);
  };

  private readonly take = (event: KeyboardEvent): void => {
    const target = event.target as Node | null;
    if (target !== document.body && !this.node.contains(target)) return;
    if (event.timeStamp - this.last > BURST_MS) return this.end();
    this.last = event.timeStamp;
    event.preventDefault();
    event.stopImmediatePropagation();
    if (event.key === "Enter") this.typed += "\n";
    else if (event.key === "Backspace") this.typed = this.typed.slice(0, -1);
    else if (event.key.length === 1 && isText(event)) this.typed += event.key;
  };
}

function isText(event: KeyboardEvent): boolean {
  return event.getModifierState("AltGraph") || !(event.ctrlKey || event.metaKey);
}
