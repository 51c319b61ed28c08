/**
 * The panels and JupyterLab: side by side with a bar between them that can be moved, or, where there is
 * no room for both, one at a time. Both stay as they are while they are not shown.
 */

import { signal, useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useRef } from "preact/hooks";
import { keep, kept } from "../server/storage";

const KEY = "jmcp.split";
const DEFAULT_PERCENT = 36;
const LEAST_PERCENT = 20;
const MOST_PERCENT = 75;
const STEP_PERCENT = 3;
const HALVES = ["Panels", "JupyterLab"] as const;

/** The half that is shown where there is room for one. */
export const shownHalf = signal<(typeof HALVES)[number]>("Panels");

export function Split({ side, children }: { side: ComponentChildren; children: ComponentChildren }) {
  const percent = useSignal(keptPercent());
  const shown = shownHalf;
  const dragging = useSignal(false);
  const root = useRef<HTMLDivElement>(null);

  function move(to: number) {
    percent.value = Math.round(Math.min(MOST_PERCENT, Math.max(LEAST_PERCENT, to)));
    keep("browser", KEY, String(percent.value));
  }
  function onKeyDown(event: KeyboardEvent) {
    const to = {
      ArrowLeft: percent.value - STEP_PERCENT,
      ArrowRight: percent.value + STEP_PERCENT,
      Home: LEAST_PERCENT,
      End: MOST_PERCENT,
    }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    move(to);
  }
  function onPointerMove(event: PointerEvent) {
    const box = root.current?.getBoundingClientRect();
    if (dragging.value && box) move(((event.clientX - box.left) / box.width) * 100);
  }
  return (
    <div class="split" ref={root} data-shown={shown.value} data-dragging={dragging.value}>
      <div class="split-choice" role="group" aria-label="What is shown">
        {HALVES.map((half) => (
          <button
            key={half}
            type="button"
            aria-pressed={shown.value === half}
            onClick={() => (shown.value = half)}
          >
            {half}
          </button>
        ))}
      </div>
      <main class="split-side" ref={(element) => element?.style.setProperty("--side", `${percent.value}%`)}>
        {side}
      </main>
      <div
        class="split-bar"
        role="separator"
        aria-label="Width of the panels"
        aria-orientation="vertical"
        aria-valuenow={percent.value}
        aria-valuemin={LEAST_PERCENT}
        aria-valuemax={MOST_PERCENT}
        tabIndex={0}
        onKeyDown={onKeyDown}
        onPointerDown={(event) => {
          event.currentTarget.setPointerCapture(event.pointerId);
          dragging.value = true;
        }}
        onPointerMove={onPointerMove}
        onPointerUp={() => (dragging.value = false)}
        onPointerCancel={() => (dragging.value = false)}
      />
      {children}
    </div>
  );
}

function keptPercent(): number {
  const before = Number(kept("browser", KEY));
  return before >= LEAST_PERCENT && before <= MOST_PERCENT ? before : DEFAULT_PERCENT;
}
