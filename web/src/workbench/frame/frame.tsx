/** JupyterLab, beside what the agents do, and what can be done with its page. */

import { useEffect, useRef } from "preact/hooks";
import { frameHidden, notebookPath } from "../state";
import { followed, followNote, stopFollowing } from "./followed";
import "./frame.css";
import { labBase, labOrigin, labTab } from "./lab-address";
import { frameProblem, frameState, mountFrame, reloadFrame, showNotebook } from "./lab-frame";

export function Frame() {
  const element = useRef<HTMLIFrameElement>(null);
  useEffect(() => {
    if (element.current === null) return;
    const ending = new AbortController();
    mountFrame(element.current, ending.signal);
    return () => ending.abort();
  }, []);
  const hidden = frameHidden.value;
  return (
    <section class="frame" aria-label="JupyterLab" data-hidden={hidden} inert={hidden}>
      <FrameBar />
      {frameState.value === "none" && <p class="frame-none">The server knows of no JupyterLab to show.</p>}
      <iframe
        ref={element}
        title="JupyterLab"
        hidden={frameState.value === "none"}
      />
    </section>
  );
}

function FrameBar() {
  const base = labBase();
  return (
    <div class="frame-bar">
      <p class="frame-status" role="status">
        {sentence()}
      </p>
      {frameProblem.value !== null && (
        <p class="frame-problem" role="alert">
          {frameProblem.value}{" "}
          <button type="button" onClick={tryAgain}>
            Try again
          </button>
        </p>
      )}
      <span class="frame-buttons">
        {followed.value !== null && (
          <button type="button" onClick={stopFollowing}>
            Stop following
          </button>
        )}
        <button type="button" onClick={() => (frameHidden.value = true)}>
          Hide
        </button>
        <button type="button" disabled={base === null} onClick={() => void reloadFrame()}>
          Reload
        </button>
        {base !== null && (
          <a class="frame-tab" href={labTab(base, notebookPath.value)} target="_blank" rel="noopener">
            Open JupyterLab in a tab
          </a>
        )}
      </span>
    </div>
  );
}

function tryAgain(): void {
  if (notebookPath.value !== null) void showNotebook(notebookPath.value);
}

function sentence(): string {
  if (followNote.value !== null) return followNote.value;
  switch (frameState.value) {
    case "waiting":
      return "Asking the server where JupyterLab is.";
    case "none":
      return "";
    case "loading":
      return "JupyterLab is loading.";
    case "ready":
      return "";
    case "alone":
      return labOrigin() === location.origin
        ? "This JupyterLab is without jmcp's extension: its page is loaded again for each notebook."
        : "JupyterLab does not answer this page: it is without jmcp's extension, or refuses to be shown here. Its page is loaded again for each notebook; if nothing is shown, open it in a tab.";
    case "refused":
      return "This browser was told not to show JupyterLab here. Reload this page, or open JupyterLab in a tab.";
  }
}
