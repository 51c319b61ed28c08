/** What a terminal printed, in its colours; of a long text a part is in the page. */

import { useMemo, useState } from "preact/hooks";
import { type Run, type Style, styledRuns } from "./ansi";
import "./ansi-text.css";

const FIRST_CHARACTERS = 20_000;
const MORE_CHARACTERS = 200_000;
/** A text with more changes of style is shown without them, which a page would take seconds for. */
const MOST_RUNS = 20_000;

export function AnsiText({ text, label }: { text: string; label: string }) {
  const [shown, setShown] = useState(FIRST_CHARACTERS);
  const cut = text.length > shown;
  const runs = useMemo(() => styledRuns(cut ? text.slice(0, shown) : text), [text, shown, cut]);
  return (
    <div class="ansi">
      {/* Focusable, so that a keyboard can scroll it. */}
      <pre tabIndex={0} role="region" aria-label={label} dir="auto">
        {runs.length > MOST_RUNS ? runs.map((run) => run.text).join("") : runs.map(Piece)}
      </pre>
      {cut && (
        <p class="ansi-cut">
          {shown.toLocaleString("en")} of {text.length.toLocaleString("en")} characters are shown.{" "}
          <button type="button" onClick={() => setShown(shown + MORE_CHARACTERS)}>
            Show more
          </button>
        </p>
      )}
    </div>
  );
}

function Piece({ text, style }: Run, key: number) {
  const classes = classesOf(style);
  const colours = coloursOf(style);
  if (classes === "" && colours === undefined) return text;
  return (
    <span key={key} class={classes} style={colours}>
      {text}
    </span>
  );
}

function classesOf(style: Style): string {
  const [front, back] = style.inverse ? [style.background, style.colour] : [style.colour, style.background];
  return [
    style.bold && "ansi-bold",
    style.dim && "ansi-dim",
    style.italic && "ansi-italic",
    style.underline && "ansi-underline",
    style.struck && "ansi-struck",
    style.inverse && "ansi-inverse",
    typeof front === "number" && `ansi-colour-${front}`,
    typeof back === "number" && `ansi-background-${back}`,
  ]
    .filter(Boolean)
    .join(" ");
}

/** Set through the DOM, which a policy without inline styles allows. */
function coloursOf(style: Style): Record<string, string> | undefined {
  const [front, back] = style.inverse ? [style.background, style.colour] : [style.colour, style.background];
  const found: Record<string, string> = {};
  if (typeof front === "string") found["color"] = front;
  if (typeof back === "string") found["backgroundColor"] = back;
  return Object.keys(found).length > 0 ? found : undefined;
}
