/** One output: its forms to choose from, what there is to do with it, and its data. */

import { useState } from "preact/hooks";
import { formOf, isMadeByScripts, ranked } from "../outputs/forms";
import { RichOutput } from "../outputs/rich-output";
import { capabilities, download } from "./host";
import { type Loading, useLoading } from "./loading";
import type { TypeData, ViewData, ViewOutput } from "./view-data";

const TEXT_PAGE = 400_000;

interface Props {
  view: ViewData;
  output: ViewOutput;
  alone: boolean;
}

export function OutputCard({ view, output, alone }: Props) {
  const types = ranked(Object.keys(output.types));
  const [chosen, setChosen] = useState<string | null>(null);
  const type = chosen ?? types.find((one) => !isEmpty(one, output.types[one])) ?? types[0];
  const known = type === undefined ? undefined : output.types[type];
  const label = titled(output);
  return (
    <section class="chat-output" aria-label={label}>
      <div class="chat-forms">
        {!alone && <h2>{label}</h2>}
        {types.length > 1 && (
          <label>
            Shown as{" "}
            <select value={type} onChange={(event) => setChosen(event.currentTarget.value)}>
              {types.map((one) => (
                <option key={one} value={one}>
                  {one}
                </option>
              ))}
            </select>
          </label>
        )}
      </div>
      {type === undefined || known === undefined ? (
        <p class="chat-quiet">This output has no data.</p>
      ) : (
        <Data key={type} view={view} output={output} type={type} known={known} label={label} />
      )}
    </section>
  );
}

/** HTML of which nothing is there without its scripts comes after all else. */
function isEmpty(type: string, known: TypeData | undefined): boolean {
  return type === "text/html" && known?.data !== undefined && isMadeByScripts(known.data);
}

interface DataProps {
  view: ViewData;
  output: ViewOutput;
  type: string;
  known: TypeData;
  label: string;
}

function Data({ view, output, type, known, label }: DataProps) {
  const text = formOf(type) === "text";
  const [wanted, setWanted] = useState(text ? Math.min(TEXT_PAGE, view.loaded_characters) : view.loaded_characters);
  // Nothing is asked for of what would not be shown.
  const large = !text && known.size > view.loaded_characters;
  const loading = useLoading(view, output.output, type, large ? { ...NOTHING, size: known.size } : known, wanted);
  if (large) {
    return (
      <p class="chat-said" role="note">
        This output has {count(known.size)} characters as {type}; more than {count(view.loaded_characters)} are not
        loaded here. Choose another form of it, or open the notebook in JupyterLab.
      </p>
    );
  }
  if (!loading.done) {
    return (
      <p class="chat-quiet" role="status">
        Loading {count(loading.size)} characters …
      </p>
    );
  }
  const part = loading.data.length < loading.size;
  return (
    <>
      {loading.problem !== null && (
        <p class="chat-said chat-bad" role="alert">
          {loading.problem}
        </p>
      )}
      {(loading.data !== "" || loading.problem === null) && (text || !part) && (
        <RichOutput type={type} data={loading.data} label={label} size={output.sizes[type] ?? {}} />
      )}
      {part && text && loading.problem === null && (
        <p class="chat-quiet">
          The first {count(loading.data.length)} of {count(loading.size)} characters are loaded.{" "}
          {wanted < view.loaded_characters ? (
            <button type="button" onClick={() => setWanted(view.loaded_characters)}>
              Load up to {count(Math.min(loading.size, view.loaded_characters))}
            </button>
          ) : (
            "No more are loaded here; JupyterLab has all of them."
          )}
        </p>
      )}
      {!part && <Actions output={output} type={type} loading={loading} />}
    </>
  );
}

const NOTHING = { data: "" };

function Actions({ output, type, loading }: { output: ViewOutput; type: string; loading: Loading }) {
  const [told, setTold] = useState("");
  const image = formOf(type) === "image";
  const binary = image && type !== "image/svg+xml";
  async function copy() {
    try {
      await navigator.clipboard.writeText(loading.data);
      setTold("Copied.");
    } catch {
      setTold("The program around this page does not let it copy: mark the text and copy that.");
    }
  }
  async function save() {
    const name = `output-${output.output}.${ENDINGS[type] ?? "txt"}`;
    const taken = await download(name, type, loading.data, binary).catch(() => false);
    setTold(taken ? "Handed over to be saved." : "It was not saved.");
  }
  return (
    <div class="chat-buttons">
      {!binary && (
        <button type="button" onClick={() => void copy()}>
          Copy
        </button>
      )}
      {capabilities.value.downloadFile !== undefined && (
        <button type="button" onClick={() => void save()}>
          Save as a file
        </button>
      )}
      <span role="status">{told}</span>
    </div>
  );
}

const ENDINGS: Record<string, string> = {
  "image/png": "png",
  "image/jpeg": "jpg",
  "image/gif": "gif",
  "image/webp": "webp",
  "image/svg+xml": "svg",
  "text/html": "html",
  "text/markdown": "md",
  "application/json": "json",
};

function titled(output: ViewOutput): string {
  const kinds: Record<string, string> = { error: "Exception", stream: output.name === "stderr" ? "Printed to stderr" : "Printed" };
  return `Output ${output.output}${kinds[output.output_type] ? `: ${kinds[output.output_type]}` : ""}`;
}

function count(number: number): string {
  return number.toLocaleString("en");
}
