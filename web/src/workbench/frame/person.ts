/** What the person does with the frame, so that nothing is taken out of their hands. */

const WORK_MS = 5_000;
const SIGNS = ["keydown", "pointerdown", "wheel"] as const;

let touched = Number.NEGATIVE_INFINITY;
/** Whether the page can see what happens in the frame: not where that is of another origin. */
let visible = false;

/** Notice the person's keys and clicks in the page that the frame has now. */
export function watchPerson(frame: HTMLIFrameElement): void {
  const inside = frame.contentDocument;
  visible = inside !== null;
  const touch = () => (touched = performance.now());
  for (const sign of SIGNS) inside?.addEventListener(sign, touch, { capture: true, passive: true });
}

/** Milliseconds until the person is taken to have done with the frame, 0 when they have. In a frame of
 * another origin they are at work for as long as it has the focus. */
export function atWork(frame: HTMLIFrameElement | null): number {
  if (frame === null) return 0;
  if (visible) return Math.max(0, touched + WORK_MS - performance.now());
  return document.activeElement === frame ? WORK_MS : 0;
}
