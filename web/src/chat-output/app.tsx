/** The outputs that were shown, each in its richest form that this page has. */

import { capabilities, displayModes, openLink, shown, toggleFullscreen } from "./host";
import { OutputCard } from "./output-card";
import type { ViewData } from "./view-data";

export function App() {
  const now = shown.value;
  if (now.state === "waiting") {
    return (
      <p class="chat-quiet" role="status">
        Waiting for the output …
      </p>
    );
  }
  if (now.state === "said") {
    return (
      <p class={now.bad ? "chat-said chat-bad" : "chat-said"} role={now.bad ? "alert" : "status"}>
        {now.text}
      </p>
    );
  }
  const { data } = now;
  const left = data.output_count - data.outputs.length;
  return (
    <>
      <header class="chat-head">
        <h1 dir="auto" title={data.notebook_path}>
          {named(data)}
        </h1>
        <Buttons url={data.lab_url ?? null} />
      </header>
      {data.running && (
        <p class="chat-quiet" role="note">
          The cell was still running: this is what it had put out by then.
        </p>
      )}
      {data.outputs.map((output) => (
        <OutputCard key={output.output} view={data} output={output} alone={data.outputs.length === 1} />
      ))}
      {left > 0 && (
        <p class="chat-quiet">
          {left} of {data.output_count} outputs are not shown here; JupyterLab has all of them.
        </p>
      )}
    </>
  );
}

function named(data: ViewData): string {
  const count = data.execution_count ? ` [${data.execution_count}]` : "";
  const cell = data.cell_index === undefined ? "Output" : `Cell ${data.cell_index}${count}`;
  return data.notebook_path ? `${cell} of ${data.notebook_path}` : cell;
}

function Buttons({ url }: { url: string | null }) {
  const modes = displayModes.value;
  const full = modes.now === "fullscreen";
  return (
    <div class="chat-buttons">
      {url !== null && capabilities.value.openLinks !== undefined && (
        <button type="button" onClick={() => void openLink(url)}>
          Open in JupyterLab
        </button>
      )}
      {modes.possible.includes(full ? "inline" : "fullscreen") && (
        <button type="button" onClick={() => void toggleFullscreen()}>
          {full ? "Back into the chat" : "Fill the window"}
        </button>
      )}
    </div>
  );
}
