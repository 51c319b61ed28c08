import { useSignalEffect } from "@preact/signals";
import { Card, Trouble } from "../card";
import { Question } from "../question";
import { memory, server, type Server } from "../state";
import { onDate, since, size } from "../words";
import { busy, progress, question, start, stop, trouble } from "./server-actions";

const WORDS = { stopped: "Stopped", starting: "Starting", running: "Running", stopping: "Stopping" };

export function ServerCard() {
  const known = server.data.value;
  const state = progress.value ? "starting" : known?.state;
  useSignalEffect(() => {
    // One that somebody else started, or this page before it was loaded again.
    if (server.data.value?.state === "starting") void start();
  });
  return (
    <Card id="server" title="My server" problem={server.problem.value}>
      <p class="server-state" role="status">
        {state ? <span class={`state state-${state}`}>{WORDS[state]}</span> : "Asking the Hub ..."}
        {state === "running" && known?.since ? (
          <span class="quiet" title={onDate(known.since)}>
            started {since(known.since)}
          </span>
        ) : null}
      </p>
      {progress.value ? <Progress /> : null}
      {trouble.value ? <Trouble text={trouble.value} /> : null}
      {state === "running" ? <MemoryBar /> : null}
      {question.value ? (
        <Question
          text={question.value.text}
          yes={question.value.restart ? "Yes, restart" : "Yes, stop"}
          onYes={() => void stop({ restart: question.value?.restart ?? false, confirm: true })}
          onNo={() => (question.value = null)}
        />
      ) : known && state ? (
        <Buttons server={known} state={state} />
      ) : null}
    </Card>
  );
}

function Buttons({ server: known, state }: { server: Server; state: Server["state"] }) {
  if (state === "stopped") {
    return (
      <div class="actions">
        <button type="button" class="primary" onClick={() => void start()}>
          Start
        </button>
      </div>
    );
  }
  if (state !== "running") return null;
  return (
    <div class="actions">
      <a class="button primary" href="#workbench">
        Open the workbench
      </a>
      <a class="button" href={`${known.url}lab`} target="_blank" rel="noopener">
        JupyterLab
      </a>
      <button
        type="button"
        disabled={busy.value}
        onClick={() => void stop({ restart: true, confirm: false })}
      >
        Restart
      </button>
      <button
        type="button"
        disabled={busy.value}
        onClick={() => void stop({ restart: false, confirm: false })}
      >
        Stop
      </button>
    </div>
  );
}

function Progress() {
  const { percent, message } = progress.value ?? { percent: 0, message: "" };
  return (
    <div class="server-progress">
      <progress max={100} value={percent} aria-label="Start of the server" />
      <p class="quiet" role="status">
        {message || "Asking the Hub for a server ..."}
      </p>
    </div>
  );
}

function MemoryBar() {
  const { used, limit } = memory.data.value ?? { used: null, limit: null };
  if (used === null) return null;
  return (
    <p class="server-memory">
      Memory: {size(used)}
      {limit ? ` of ${size(limit)}` : ""}
      {limit ? <meter min={0} max={limit} high={0.85 * limit} value={used} aria-label="Memory used" /> : null}
    </p>
  );
}
