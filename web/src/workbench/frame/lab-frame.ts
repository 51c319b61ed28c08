/** JupyterLab in the frame: loaded once, then told which notebook to show. */

import { effect, signal } from "@preact/signals";
import { frameHidden, notebookPath } from "../state";
import { onBridge, type Bridge } from "./bridge";
import { labBase, labOrigin, labPage, labUrl, ownWorkspace } from "./lab-address";
import { watchPerson } from "./person";

/** JupyterLab starts for some seconds after its page has loaded. */
const BRIDGE_MS = 15_000;
const EXTENSION = "jmcp-labextension";

/**
 * `waiting`: the server has not said where JupyterLab is. `none`: there is none. `loading`: until it can be
 * told what to show. `ready`: it can. `alone`: it cannot, so that it is loaded again for each notebook.
 * `refused`: this browser does not show it here.
 */
export type FrameState = "waiting" | "none" | "loading" | "ready" | "alone" | "refused";

export const frameState = signal<FrameState>("waiting");
/** The notebook that the frame shows, as far as this page asked for one. */
export const shownPath = signal<string | null>(null);
/** Why the frame does not show what it should. */
export const frameProblem = signal<string | null>(null);

let frame: HTMLIFrameElement | null = null;
let bridge: Bridge | null = null;
let patience: ReturnType<typeof setTimeout> | undefined;
/** What to show as soon as the frame is not hidden. */
let pending: { path: string; cellId: string | null } | null = null;

export function theFrame(): HTMLIFrameElement | null {
  return frame;
}

/** Use that element, once it is known where JupyterLab is, until `signal` aborts. */
export function mountFrame(element: HTMLIFrameElement, signal: AbortSignal): void {
  frame = element;
  onBridge(element, labOrigin, connected, signal);
  element.addEventListener("load", loaded, { signal });
  document.addEventListener("securitypolicyviolation", refusedHere, { signal });
  const stop = effect(() => {
    if (labUrl.value === undefined) return;
    if (labBase() === null) frameState.value = "none";
    else if (frameState.peek() === "waiting") void load(notebookPath.peek());
  });
  const shown = effect(() => {
    if (frameHidden.value || pending === null) return;
    const { path, cellId } = pending;
    pending = null;
    void showCell(path, cellId);
  });
  signal.addEventListener("abort", () => {
    stop();
    shown();
    frame = bridge = null;
    frameState.value = "waiting";
  });
}

/** Show a notebook; says nothing where it cannot, `frameProblem` does. */
export async function showNotebook(path: string): Promise<void> {
  await showCell(path, null);
}

/** Show a notebook, and bring that cell of it into view, without a change of what is selected there. */
export async function showCell(path: string, cellId: string | null): Promise<void> {
  if (frameHidden.value) {
    pending = { path, cellId };
    return;
  }
  if (bridge === null) {
    if (path === shownPath.value && frameState.value !== "waiting") return;
    await load(path);
    return;
  }
  const using = bridge;
  try {
    await using.show(path, cellId);
    shownPath.value = path;
    frameProblem.value = null;
  } catch (error) {
    if (using !== bridge) return;
    frameProblem.value = `JupyterLab could not show ${path}: ${error instanceof Error ? error.message : "no reason given"}`;
  }
}

/** Load JupyterLab again, with the notebook that calls hit. */
export async function reloadFrame(): Promise<void> {
  await load(notebookPath.value);
}

async function load(path: string | null): Promise<void> {
  const base = labBase();
  if (frame === null || base === null) return;
  bridge = null;
  frameState.value = "loading";
  frameProblem.value = null;
  shownPath.value = path;
  const url = labPage(base, await ownWorkspace(), path);
  clearTimeout(patience);
  // Not `src`, with which each notebook would be a step of the browser's history.
  frame?.contentWindow?.location.replace(url);
}

function loaded(): void {
  if (frame === null || frameState.value === "waiting") return;
  watchPerson(frame);
  clearTimeout(patience);
  if (bridge !== null) return;
  // Of this origin the page can look at once: a browser that refuses shows a page of its own instead.
  const sameOrigin = labOrigin() === location.origin;
  if (sameOrigin && frame.contentDocument === null) frameState.value = "refused";
  else if (sameOrigin && lacksBridge(frame.contentDocument)) frameState.value = "alone";
  else patience = setTimeout(unanswered, BRIDGE_MS);
}

/** Whether a page of JupyterLab says that it is without the extension. */
function lacksBridge(page: Document | null): boolean {
  const text = page?.getElementById("jupyter-config-data")?.textContent;
  if (!text) return false;
  try {
    const { federated_extensions: names } = JSON.parse(text) as { federated_extensions?: { name: string }[] };
    return names !== undefined && !names.some(({ name }) => name === EXTENSION);
  } catch {
    return false;
  }
}

function connected(found: Bridge): void {
  clearTimeout(patience);
  bridge = found;
  frameState.value = "ready";
  const path = notebookPath.value;
  // What was chosen while it loaded.
  if (path !== null && path !== shownPath.value) void showNotebook(path);
}

function unanswered(): void {
  if (frame !== null && bridge === null) frameState.value = "alone";
}

function refusedHere(event: SecurityPolicyViolationEvent): void {
  if (event.effectiveDirective === "frame-src") frameState.value = "refused";
}
