/** Which notebook calls hit now; and what the frame shows, where that is another one. */

import "./notebook-label.css";
import { frameState, shownPath } from "./frame/lab-frame";
import { ownEnded } from "./own-notebook";
import { frameHidden, notebookPath } from "./state";

export function NotebookLabel() {
  const path = notebookPath.value;
  const shown = shownPath.value;
  const elsewhere = !frameHidden.value && shown !== path && frameState.value !== "none";
  return (
    <div class="notebook-label">
      <p role="status">
        {path === null ? (
          "No notebook is chosen: calls hit none."
        ) : (
          <>
            Calls hit <code title={path}>{path}</code>
          </>
        )}
        {ownEnded.value && <span>(the page's session has ended; the next call opens another)</span>}
        {elsewhere && path !== null && (
          <span class="notebook-label-other">
            JupyterLab shows <code title={shown ?? undefined}>{shown ?? "no notebook"}</code>
          </span>
        )}
      </p>
      {frameHidden.value && (
        <button type="button" onClick={() => (frameHidden.value = false)}>
          Show JupyterLab
        </button>
      )}
    </div>
  );
}
