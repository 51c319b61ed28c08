/**
 * The list of calls that are over, the last one first. As many rows are in the page as were asked
 * for by scrolling, so that a call more, or a letter more in the filter, costs the same however many
 * calls are kept.
 */

import { computed, useSignal, useSignalEffect } from "@preact/signals";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { CallEntryRow } from "./call-entry-row";
import { chosen, filtering, wanted } from "./filter";
import { listed, newCalls, resume, scrolled } from "./hold";
import { moveAmongRows, oneTabStop } from "./row-focus";

const ROWS = 50;

const found = computed(() => listed.value.filter(wanted));

export function CallList() {
  const most = useSignal(ROWS);
  const open = useSignal<ReadonlySet<string>>(new Set());
  const scroller = useRef<HTMLDivElement>(null);
  const list = useRef<HTMLOListElement>(null);
  useLayoutEffect(() => oneTabStop(list.current));
  useSignalEffect(() => {
    chosen.value;
    most.value = ROWS;
  });

  function toggle(key: string) {
    const next = new Set(open.value);
    if (!next.delete(key)) next.add(key);
    open.value = next;
  }
  function toTop() {
    resume();
    most.value = ROWS;
    scroller.current?.scrollTo({ top: 0 });
  }
  const rows = found.value;
  const more = rows.length - most.value;
  return (
    <div class="log-list">
      <div
        class="log-scroller"
        ref={scroller}
        onScroll={(event) => scrolled(event.currentTarget.scrollTop < 8)}
      >
        {rows.length === 0 && (
          <p class="empty">{filtering.value === 0 ? "No call yet." : "No call is like that."}</p>
        )}
        <ol ref={list} aria-label="Calls" onKeyDown={moveAmongRows} onFocusIn={oneTabStopAt}>
          {rows.slice(0, most.value).map((entry) =>
            entry.kind === "note" ? (
              <li key={entry.key} class="log-note">
                {entry.note}
              </li>
            ) : (
              <CallEntryRow
                key={entry.key}
                id={entry.key}
                row={entry.row}
                open={open.value.has(entry.key)}
                toggle={toggle}
              />
            ),
          )}
        </ol>
        {more > 0 && <More count={more} show={() => (most.value += ROWS)} />}
      </div>
      {newCalls.value > 0 && (
        <button type="button" class="log-new primary" onClick={toTop}>
          {newCalls.value} new {newCalls.value === 1 ? "call" : "calls"}
        </button>
      )}
    </div>
  );
}

/** Shows more rows once it is scrolled into view, or clicked. */
function More({ count, show }: { count: number; show: () => void }) {
  const button = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    // It may have left and come back since the last time: then there are several entries.
    const seen = new IntersectionObserver((entries) => {
      if (entries.some((entry) => entry.isIntersecting)) show();
    });
    if (button.current) seen.observe(button.current);
    return () => seen.disconnect();
  }, [count]);
  return (
    <button type="button" class="log-more" ref={button} onClick={show}>
      Show older calls ({count} more)
    </button>
  );
}

function oneTabStopAt(event: FocusEvent): void {
  oneTabStop(event.currentTarget as HTMLElement);
}
