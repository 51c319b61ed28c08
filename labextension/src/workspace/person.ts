/** What the person does on this page, so that nothing is taken out of their hands. */

/** So long after the last key or click the person is still taken to be at work. */
const WORK_MS = 5_000;
const SIGNS = ["keydown", "pointerdown", "wheel"] as const;

export class Person {
  private touched: number | null = null;
  private at: Node | null = null;

  constructor() {
    const touch = ({ target }: Event): void => {
      this.touched = performance.now();
      this.at = target instanceof Node ? target : null;
    };
    for (const sign of SIGNS) document.addEventListener(sign, touch, { capture: true, passive: true });
  }

  /** Since the last key, click or turn of the wheel; null where there was none yet. */
  get idleSeconds(): number | null {
    return this.touched === null ? null : (performance.now() - this.touched) / 1000;
  }

  /** Whether the person is at work within that part of the page. */
  atWorkIn(node: Node): boolean {
    return this.atWork && this.at !== null && node.contains(this.at);
  }

  /** Whether the person is at work somewhere else on the page. */
  atWorkBeside(node: Node | null): boolean {
    return this.atWork && (node === null || this.at === null || !node.contains(this.at));
  }

  private get atWork(): boolean {
    return this.touched !== null && performance.now() < this.touched + WORK_MS;
  }
}
