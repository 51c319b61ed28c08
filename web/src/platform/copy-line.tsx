/** A line to copy. */

import { useSignal } from "@preact/signals";
import { copy } from "../workbench/log/clipboard";

export function CopyLine({ label, text }: { label: string; text: string }) {
  const said = useSignal("");
  return (
    <div class="copy-line">
      <code tabIndex={0} aria-label={label}>
        {text}
      </code>
      <button
        type="button"
        aria-label={`Copy: ${label}`}
        onClick={async () => {
          said.value = (await copy(text)) ? "Copied" : "Not copied";
        }}
      >
        Copy
      </button>
      <span role="status" class="copy-said">
        {said.value}
      </span>
    </div>
  );
}
