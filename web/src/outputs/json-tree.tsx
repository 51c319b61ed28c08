/** JSON as a tree, of which only what is open is in the page. */

import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";

const PAGE = 100;
const SHORT_CHARACTERS = 300;
const MORE_CHARACTERS = 20_000;
/** Branches of so few parts are open at first, down to a depth. */
const OPEN_PARTS = 12;
const OPEN_DEPTH = 3;

export function JsonTree({ value, label }: { value: unknown; label: string }) {
  return (
    <div class="json-tree" role="region" aria-label={label} tabIndex={0}>
      <Node name={null} value={value} depth={0} />
    </div>
  );
}

function Node({ name, value, depth }: { name: string | null; value: unknown; depth: number }) {
  if (typeof value === "object" && value !== null) return <Branch name={name} value={value} depth={depth} />;
  return (
    <div class="json-leaf">
      <Name name={name} />
      {typeof value === "string" ? <Text value={value} /> : <Plain value={value} />}
    </div>
  );
}

function Branch({ name, value, depth }: { name: string | null; value: object; depth: number }) {
  const size = Array.isArray(value) ? value.length : Object.keys(value).length;
  const [open, setOpen] = useState(depth < OPEN_DEPTH && (size <= OPEN_PARTS || depth === 0));
  const sort = Array.isArray(value) ? `[${count(size, "item")}]` : `{${count(size, "field")}}`;
  if (size === 0) {
    return (
      <div class="json-leaf">
        <Name name={name} />
        <span class="json-quiet">{Array.isArray(value) ? "[]" : "{}"}</span>
      </div>
    );
  }
  return (
    <details open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        <Name name={name} />
        <span class="json-quiet">{sort}</span>
      </summary>
      {open && <Parts value={value} depth={depth} />}
    </details>
  );
}

function Parts({ value, depth }: { value: object; depth: number }) {
  const [shown, setShown] = useState(PAGE);
  const entries: [string, unknown][] = Array.isArray(value)
    ? value.slice(0, shown).map((part, at) => [String(at), part])
    : Object.entries(value).slice(0, shown);
  const size = Array.isArray(value) ? value.length : Object.keys(value).length;
  return (
    <>
      {entries.map(([key, part]) => (
        <Node key={key} name={key} value={part} depth={depth + 1} />
      ))}
      {size > shown && (
        <More onClick={() => setShown(shown + PAGE)}>
          {count(size - shown, "more", "more")}, show {Math.min(PAGE, size - shown)}
        </More>
      )}
    </>
  );
}

function Text({ value }: { value: string }) {
  const [shown, setShown] = useState(SHORT_CHARACTERS);
  const cut = value.length > shown;
  return (
    <>
      <span class="json-string" dir="auto">
        {JSON.stringify(cut ? value.slice(0, shown) : value)}
      </span>
      {cut && (
        <More onClick={() => setShown(shown + MORE_CHARACTERS)}>
          {shown.toLocaleString("en")} of {value.length.toLocaleString("en")} characters, show more
        </More>
      )}
    </>
  );
}

function Plain({ value }: { value: unknown }) {
  return <span class="json-plain">{String(value)}</span>;
}

function Name({ name }: { name: string | null }) {
  return name === null ? null : <span class="json-name">{name}: </span>;
}

function More({ onClick, children }: { onClick: () => void; children: ComponentChildren }) {
  return (
    <button type="button" class="json-more" onClick={onClick}>
      {children}
    </button>
  );
}

function count(size: number, one: string, several = `${one}s`): string {
  return `${size.toLocaleString("en")} ${size === 1 ? one : several}`;
}
