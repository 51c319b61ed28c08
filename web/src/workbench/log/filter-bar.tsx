/** What to look for in the log, and whether it is held still. */

import { useSignal, type Signal } from "@preact/signals";
import { choices, clearFilter, FAILED, NOT_OWN, filtering, outcome, session, text, tool, type Choice } from "./filter";
import { pause, paused, resume } from "./hold";

export function FilterBar() {
  const open = useSignal(false);
  const chosen = [tool, session, outcome].filter((one) => one.value !== "").length;
  return (
    <div class="log-bar">
      <input
        type="search"
        aria-label="Find calls"
        placeholder="Find calls"
        value={text.value}
        onInput={(event) => (text.value = event.currentTarget.value)}
      />
      <button type="button" aria-expanded={open.value} onClick={() => (open.value = !open.value)}>
        Filter{chosen > 0 && ` (${chosen})`}
      </button>
      <button type="button" aria-pressed={paused.value} onClick={paused.value ? resume : pause}>
        Pause
      </button>
      {open.value && <Choices />}
    </div>
  );
}

function Choices() {
  const { tools, sessions, outcomes } = choices.value;
  return (
    <div class="log-choices">
      <Selection label="Tool" chosen={tool} values={tools} />
      <Selection label="Session" chosen={session} values={sessions}>
        <option value={NOT_OWN}>all but this page's</option>
      </Selection>
      <Selection label="Outcome" chosen={outcome} values={outcomes}>
        <option value={FAILED}>all that failed</option>
      </Selection>
      <button type="button" disabled={filtering.value === 0} onClick={clearFilter}>
        Show all
      </button>
    </div>
  );
}

interface SelectionProps {
  label: string;
  chosen: Signal<string>;
  values: readonly Choice[];
  children?: preact.ComponentChildren;
}

function Selection({ label, chosen, values, children }: SelectionProps) {
  const gone = chosen.value !== "" && ![FAILED, NOT_OWN].includes(chosen.value) && !values.some(({ value }) => value === chosen.value);
  return (
    <label>
      {label}
      <select value={chosen.value} onChange={(event) => (chosen.value = event.currentTarget.value)}>
        <option value="">all</option>
        {children}
        {gone && <option value={chosen.value}>no longer listed</option>}
        {values.map(({ value, name, times }) => (
          <option key={value} value={value}>
            {name} ({times})
          </option>
        ))}
      </select>
    </label>
  );
}
