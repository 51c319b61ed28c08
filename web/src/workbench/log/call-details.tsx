/** What a call was given and gave, as it came over the stream. */

import { JsonTree } from "../../outputs/json-tree";
import type { CallRow } from "../state";
import { KEPT_CHARACTERS, contentsOf, isCut } from "./contents";
import { CopyButtons } from "./copy-buttons";

const SHORT_CHARACTERS = 60;

const WHY_NOT = {
  dropped: `Its arguments and result are no longer here: this page keeps ${KEPT_CHARACTERS / 1e6} million characters of the last calls.`,
  missed: "Its arguments and result are not here: they are sent once, when a call ends, to pages that are open then.",
};

export function CallDetails({ id, row }: { id: string; row: CallRow }) {
  const contents = contentsOf(id);
  if (typeof contents === "string") return <p class="log-details empty">{WHY_NOT[contents]}</p>;
  return (
    <div class="log-details">
      <CopyButtons row={row} contents={contents} />
      <h3>Arguments</h3>
      <Value name={`Arguments of ${row.tool}`} value={contents.arguments} />
      <h3>{contents.error === null ? "Result" : "Error"}</h3>
      {contents.error === null ? (
        <Value name={`Result of ${row.tool}`} value={contents.result} />
      ) : (
        <Text name={`Error of ${row.tool}`} text={contents.error} />
      )}
    </div>
  );
}

/** An object by its members, so that sources and outputs are lines and not one string of JSON. */
function Value({ name, value }: { name: string; value: unknown }) {
  if (isCut(value)) {
    return (
      <>
        <p class="empty">
          The first {value.cut.length.toLocaleString()} of {value.characters?.toLocaleString() ?? "many"} characters:
        </p>
        <Text name={name} text={value.cut} />
      </>
    );
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return <Text name={name} text={shown(value)} />;
  }
  const members = Object.entries(value);
  if (members.length === 0) return <p class="empty">none</p>;
  return (
    <dl class="log-members">
      {members.map(([key, member]) => (
        <div key={key}>
          <dt>{key}</dt>
          <dd>
            <Member name={`${key} of ${name}`} value={member} />
          </dd>
        </div>
      ))}
    </dl>
  );
}

function Member({ name, value }: { name: string; value: unknown }) {
  if (typeof value === "object" && value !== null && Object.keys(value).length > 0) {
    return <JsonTree label={name} value={value} />;
  }
  const text = shown(value);
  const short = text.length <= SHORT_CHARACTERS && !text.includes("\n");
  return short ? <code>{text}</code> : <Text name={name} text={text} />;
}

/** Long text scrolls within its own box, which the keyboard can reach where it is long. */
function Text({ name, text }: { name: string; text: string }) {
  const long = text.length > 200;
  return (
    <pre {...(long ? { tabIndex: 0, role: "region", "aria-label": name } : {})}>{text}</pre>
  );
}

function shown(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value, null, 2) ?? "null";
}
