/** Text of any length, of which a part is in the page. */

import { useState } from "preact/hooks";

export const FIRST_CHARACTERS = 20_000;
const MORE_CHARACTERS = 200_000;

export function TextBlock({ text, label }: { text: string; label?: string }) {
  const [shown, setShown] = useState(FIRST_CHARACTERS);
  const cut = text.length > shown;
  return (
    <div class="output-text">
      {/* Focusable, so that a keyboard can scroll it. */}
      <pre tabIndex={0} aria-label={label ?? "Text"} role="region" dir="auto">
        {cut ? text.slice(0, shown) : text}
      </pre>
      {cut && (
        <p class="output-cut">
          {shown.toLocaleString("en")} of {text.length.toLocaleString("en")} characters.{" "}
          <button type="button" onClick={() => setShown(shown + MORE_CHARACTERS)}>
            Show more
          </button>
        </p>
      )}
    </div>
  );
}
