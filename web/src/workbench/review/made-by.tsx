/** Which tools made changes, as far as this page has heard of their calls. */

import { computed, useComputed } from "@preact/signals";
import { contentsOf } from "../log/contents";
import { entries } from "../state";

const tools = computed(() => {
  const found = new Map<string, string>();
  for (const entry of entries.value) {
    if (entry.kind !== "call") continue;
    const contents = contentsOf(entry.key);
    const id = typeof contents === "string" ? null : changeOf(contents.result);
    if (id !== null) found.set(id, entry.row.tool);
  }
  return found;
});

function changeOf(result: unknown): string | null {
  if (typeof result !== "object" || result === null || !("change_id" in result)) return null;
  return typeof result.change_id === "string" ? result.change_id : null;
}

/** The tools that made these changes, in their order; nothing where that is not known. */
export function MadeBy({ changeIds }: { changeIds: readonly string[] }) {
  // One text: what shows it is made anew only when that is another one.
  const names = useComputed(() => [...new Set(changeIds.flatMap((id) => tools.value.get(id) ?? []))].join(", "));
  return names.value === "" ? null : <>{names.value} · </>;
}
