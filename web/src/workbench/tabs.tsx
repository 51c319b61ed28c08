/** Panels of which one is shown, as tabs (ARIA's pattern, with automatic activation). */

import { useSignal } from "@preact/signals";
import type { FunctionComponent } from "preact";

interface Panel {
  readonly id: string;
  readonly title: string;
  readonly panel: FunctionComponent;
  /** Beside the title. */
  readonly badge?: FunctionComponent;
}

export function Tabs({ panels }: { panels: readonly Panel[] }) {
  const chosen = useSignal(0);
  function move(event: KeyboardEvent) {
    const last = panels.length - 1;
    const at = chosen.value;
    const to = { ArrowRight: at < last ? at + 1 : 0, ArrowLeft: at > 0 ? at - 1 : last, Home: 0, End: last }[
      event.key
    ];
    if (to === undefined) return;
    event.preventDefault();
    chosen.value = to;
    document.getElementById(`tab-${panels[to]?.id}`)?.focus();
  }
  return (
    <div class="tabs">
      <div role="tablist" aria-label="Panels" onKeyDown={move}>
        {panels.map(({ id, title, badge: Badge }, at) => (
          <button
            key={id}
            type="button"
            role="tab"
            id={`tab-${id}`}
            aria-controls={`panel-${id}`}
            aria-selected={at === chosen.value}
            tabIndex={at === chosen.value ? 0 : -1}
            onClick={() => (chosen.value = at)}
          >
            {title}
            {Badge && <Badge />}
          </button>
        ))}
      </div>
      {panels.map(({ id, panel: Panel }, at) => (
        <section
          key={id}
          role="tabpanel"
          id={`panel-${id}`}
          aria-labelledby={`tab-${id}`}
          hidden={at !== chosen.value}
        >
          <Panel />
        </section>
      ))}
    </div>
  );
}
