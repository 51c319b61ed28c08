/** The result of a call: as text, as images, and as JSON. */

import { useId, useState } from "preact/hooks";
import type { ToolResult } from "../server/tool-stream";
import { Images, imagesOf } from "./images";
import { JsonTree } from "./json-tree";
import "./outputs.css";
import { TextBlock } from "./text-block";

type View = "Images" | "Text" | "JSON";

export function ToolResultView({ result }: { result: ToolResult }) {
  const images = imagesOf(result);
  const views: View[] = images.length > 0 ? ["Images", "Text", "JSON"] : ["Text", "JSON"];
  const [chosen, setChosen] = useState<View | null>(null);
  const view = chosen !== null && views.includes(chosen) ? chosen : (views[0] ?? "JSON");
  const id = useId();
  function move(event: KeyboardEvent) {
    const step = { ArrowRight: 1, ArrowLeft: views.length - 1 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const next = views[(views.indexOf(view) + step) % views.length] ?? view;
    setChosen(next);
    document.getElementById(`${id}-${next}`)?.focus();
  }
  return (
    <div class="tool-result">
      <div role="tablist" aria-label="Result" onKeyDown={move}>
        {views.map((name) => (
          <button
            key={name}
            type="button"
            role="tab"
            id={`${id}-${name}`}
            aria-controls={`${id}-view`}
            aria-selected={name === view}
            tabIndex={name === view ? 0 : -1}
            onClick={() => setChosen(name)}
          >
            {name === "Images" ? `Images (${images.length})` : name}
          </button>
        ))}
      </div>
      <div role="tabpanel" id={`${id}-view`} aria-labelledby={`${id}-${view}`}>
        {view === "Images" && <Images images={images} />}
        {view === "Text" && <TextBlock text={result.text} label="Text of the result" />}
        {view === "JSON" && <JsonTree value={result.result} label="JSON of the result" />}
      </div>
    </div>
  );
}
