/** Calls that go on, with the time since they began. */

import { useSignal, useSignalEffect } from "@preact/signals";
import { clockAhead } from "../received";
import { underWay, type CallRow } from "../state";
import { callKey } from "./entries";
import { CallLine, seconds } from "./call-line";

const MOST_SHOWN = 5;
const TICK_MILLISECONDS = 500;

export function UnderWay() {
  const rows = underWay.value;
  if (rows.length === 0) return null;
  const more = rows.length - MOST_SHOWN;
  return (
    <ul class="log-under-way" aria-label="Calls under way">
      {rows.slice(0, MOST_SHOWN).map((row) => (
        <li key={callKey(row)} class="log-row" data-outcome="running">
          <CallLine row={row} duration={<Elapsed row={row} />} />
        </li>
      ))}
      {more > 0 && <li class="log-note">and {more} more</li>}
    </ul>
  );
}

function Elapsed({ row }: { row: CallRow }) {
  const now = useSignal(Date.now());
  useSignalEffect(() => {
    const timer = setInterval(() => (now.value = Date.now()), TICK_MILLISECONDS);
    return () => clearInterval(timer);
  });
  const elapsed = (now.value + clockAhead.value - Date.parse(row.began)) / 1000;
  return <>{seconds(Math.max(0, elapsed), 0)}</>;
}
