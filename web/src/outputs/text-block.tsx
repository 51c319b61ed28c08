/** Text of any length, of which a part is in the page. */

import { useState } from "preact/hooks";

export const FIRST_CHARACTERS = 20_000;
const MORE_CHARACTERS = 200_000;

interface Props {
  text: string;
  label: string;
  /** Of text that grows the end is shown; else the beginning. */
  growing?: boolean;
}

export function TextBlock({ text, label, growing = false }: Props) {
  const [shown, setShown] = useState(FIRST_CHARACTERS);
  const cut = text.length > shown;
  const part = growing ? text.slice(-shown) : text.slice(0, shown);
  return (
    <div class="output-text">
      {/* Focusable, so that a keyboard can scroll it. */}
      <pre tabIndex={0} aria-label={label} role="region" dir="auto">
        {cut ? part : text}
      </pre>
      {cut && (
        <p class="output-cut">
          {growing && "The last "}
          {shown.toLocaleString("en")} of {text.length.toLocaleString("en")} characters.{" "}
          <button type="button" onClick={() => setShown(shown + MORE_CHARACTERS)}>
            Show more
          </button>
        </p>
      )}
    </div>
  );
}
