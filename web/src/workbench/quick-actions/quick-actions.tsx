/** The buttons of the page that older servers had: a notebook's daily work in one click each. */

import { signal } from "@preact/signals";
import { UnderWay } from "../console/call-view";
import type { PageCall } from "../console/calls";
import { ServerProblem } from "../../server/problem";
import { frameHidden, notebookPath } from "../state";
import { ActionLog } from "./action-log-view";
import { note, type Kind } from "./action-log";
import {
  addAndExecute,
  addCode,
  addMarkdown,
  Cancelled,
  createAnalysis,
  debugContext,
  defaultNotebook,
  executeLastCell,
  executeWithProgress,
  listTools,
  notebookInfo,
  readAllCells,
  switchTo,
  switchToAnalysis,
  type Action,
} from "./actions";
import { Instructions } from "./instructions";
import "./quick-actions.css";

const PLOT = `import matplotlib.pyplot as plt

x = [0.1 * step for step in range(100)]
plt.plot(x, [value * value for value in x])
plt.title("A plot")
plt.show()`;

const markdown = signal("## A heading\n\nAdded from the workbench.");
const code = signal(PLOT);
/** The labels of the buttons whose actions are under way. */
const busy = signal<ReadonlySet<string>>(new Set());
const status = signal<{ kind: Kind; text: string }>({ kind: "info", text: "Ready" });
/** The calls that are under way, by the labels of their buttons. */
const underWay = signal<ReadonlyMap<string, PageCall>>(new Map());

async function act(label: string, action: Action): Promise<void> {
  busy.value = new Set(busy.value).add(label);
  status.value = { kind: "info", text: `${label} …` };
  const tell = (kind: Kind, text: string) => (status.value = { kind, text });
  try {
    const done = await action((call) => {
      const next = new Map(underWay.value);
      if (call.state === "running") next.set(label, call);
      else next.delete(label);
      underWay.value = next;
    });
    const kind = done.failed ? "error" : "success";
    tell(kind, done.text);
    const { more } = done;
    note(kind, done.text, done.result, more && (() => void act("Read on", more)));
  } catch (error) {
    if (!(error instanceof ServerProblem || error instanceof Cancelled)) throw error;
    const kind = error instanceof Cancelled ? "info" : "error";
    const code = error instanceof ServerProblem && error.code !== undefined ? ` (${error.code})` : "";
    tell(kind, `${label}: ${error.message}${code}`);
    note(kind, `${label}: ${error.message}${code}`);
  } finally {
    busy.value = new Set([...busy.value].filter((one) => one !== label));
  }
}

function Button({ label, action, primary }: { label: string; action: () => Action; primary?: boolean }) {
  return (
    <button
      type="button"
      class={primary ? "primary" : undefined}
      disabled={busy.value.has(label)}
      onClick={() => void act(label, action())}
    >
      {label}
    </button>
  );
}

export function QuickActions() {
  return (
    <div class="quick">
      <p class="quick-target">
        MCP target: <code>{notebookPath.value ?? "none yet: create or switch to a notebook"}</code>
      </p>
      <p class="quick-status" data-kind={status.value.kind} role="status">
        {status.value.text}
      </p>
      {[...underWay.value].map(([label, call]) => (
        <UnderWay key={label} call={call} />
      ))}
      <fieldset>
        <legend>Conversations</legend>
        <div class="quick-buttons">
          <Button label="Create Analysis 1" action={() => createAnalysis(1)} />
          <Button label="Create Analysis 2" action={() => createAnalysis(2)} />
          <Button label="Switch to Analysis 1" action={() => switchToAnalysis(1)} />
          <Button label="Switch to Analysis 2" action={() => switchToAnalysis(2)} />
          <Button label="Switch to default" action={() => switchTo(defaultNotebook)} />
        </div>
        <label class="quick-check">
          <input
            type="checkbox"
            checked={frameHidden.value}
            onChange={(event) => (frameHidden.value = event.currentTarget.checked)}
          />{" "}
          Invisible mode: JupyterLab is hidden and goes on
        </label>
      </fieldset>
      <fieldset>
        <legend>Add cells</legend>
        <Source label="Markdown" text={markdown} onRun={() => void act("Add markdown", addMarkdown(markdown.value))} />
        <div class="quick-buttons">
          <Button label="Add markdown" action={() => addMarkdown(markdown.value)} />
        </div>
        <Source label="Code" text={code} onRun={() => void act("Add & execute", addAndExecute(code.value))} />
        <div class="quick-buttons">
          <Button label="Add code" action={() => addCode(code.value)} />
          <Button label="Add & execute" action={() => addAndExecute(code.value)} primary />
        </div>
      </fieldset>
      <fieldset>
        <legend>Read</legend>
        <div class="quick-buttons">
          <Button label="Notebook info" action={() => notebookInfo} />
          <Button label="Read all cells" action={() => readAllCells()} />
          <Button label="List tools" action={() => listTools} />
          <Button label="Debug context" action={() => debugContext} />
        </div>
      </fieldset>
      <fieldset>
        <legend>Execute</legend>
        <div class="quick-buttons">
          <Button label="Execute last cell (30 s)" action={() => executeLastCell} />
          <Button label="Execute with progress (60 s)" action={() => executeWithProgress} />
        </div>
      </fieldset>
      <ActionLog />
      <Instructions />
    </div>
  );
}

function Source({ label, text, onRun }: { label: string; text: typeof code; onRun: () => void }) {
  function shortcut(event: KeyboardEvent) {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    onRun();
  }
  return (
    <label class="quick-source">
      <span>{label}</span>
      <textarea
        rows={label === "Code" ? 6 : 3}
        spellcheck={label !== "Code"}
        value={text.value}
        onInput={(event) => (text.value = event.currentTarget.value)}
        onKeyDown={shortcut}
      />
    </label>
  );
}
