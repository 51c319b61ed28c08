/** Copies a call as a text. */

import { useSignal } from "@preact/signals";
import type { CallRow } from "../state";
import type { CallContents } from "./contents";
import { asCommand, asCurl, asJson, isWhole } from "./copy-texts";
import { copy } from "./clipboard";

const FORMS = [
  { name: "JSON", text: asJson, whole: false },
  { name: "curl", text: asCurl, whole: true },
  { name: "jmcp call", text: asCommand, whole: true },
] as const;

export function CopyButtons({ row, contents }: { row: CallRow; contents: CallContents }) {
  const said = useSignal("");
  const whole = isWhole(contents);
  return (
    <div class="log-copy">
      {FORMS.map((form) => (
        <button
          key={form.name}
          type="button"
          disabled={form.whole && !whole}
          title={form.whole && !whole ? "Its arguments are not whole here." : undefined}
          onClick={async () => {
            said.value = (await copy(form.text(row, contents))) ? `Copied as ${form.name}.` : "This browser does not let the page copy.";
          }}
        >
          Copy as {form.name}
        </button>
      ))}
      <span role="status">{said.value}</span>
    </div>
  );
}
