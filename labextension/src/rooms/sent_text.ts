/** How much of what this tab wrote in a cell its room has. */

import { kept, parted } from "./text_diff";
import { merged } from "./text_merge";

interface Step {
  /** A room that has this tab's changes up to this clock has this text. */
  clock: number;
  text: string;
}

export class SentText {
  private steps: Step[];

  /** Of a cell in which nothing was written that the room does not have. */
  constructor(text: string) {
    this.steps = [{ clock: 0, text }];
  }

  /** What the room has for certain, without what others wrote there meanwhile. */
  get certain(): string {
    return this.steps[0]!.text;
  }

  /** The text was sent. The result says whether the room has it, once it has answered a later question. */
  asked(text: string): () => void {
    const step = this.sent(text, Infinity);
    return () => this.drop(this.steps.indexOf(step));
  }

  /** The text was sent, and with it all changes up to a clock. */
  sent(text: string, clock: number): Step {
    const step = { clock, text };
    this.steps.push(step);
    return step;
  }

  /** What a room has that has the changes up to a clock, and in which the cell still is. */
  at(clock: number): string {
    return (this.steps.findLast((step) => step.clock <= clock) ?? this.steps[0]!).text;
  }

  /** What the room had before others made another text of it: whatever was sent and is in that as well. */
  before(text: string): string {
    return this.steps.findLast((step) => hasAdded(this.certain, step.text, text))!.text;
  }

  /** Others changed the text, as they and the room have it. */
  follow(before: string, after: string): void {
    for (const step of this.steps) step.text = merged(before, step.text, after);
  }

  private drop(first: number): void {
    if (first > 0) this.steps = this.steps.slice(first);
  }
}

/** Whether all that `before` has and `base` has not is in `after`. */
function hasAdded(base: string, before: string, after: string): boolean {
  const [parts, ...others] = parted(before, base, after);
  const [inBase, inAfter] = others.map((other) => kept(parts!, other));
  return parts!.every((part, at) => inBase![at]! >= 0 || inAfter![at]! >= 0 || part.trim() === "");
}
