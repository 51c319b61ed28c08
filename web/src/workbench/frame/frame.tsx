/** JupyterLab, beside what the agents do. */

import { basePath } from "../../server/address";
import { frameHidden, notebookPath } from "../state";

export function Frame() {
  const path = notebookPath.value;
  const encoded = path === null ? "" : `/tree/${path.split("/").map(encodeURIComponent).join("/")}`;
  return (
    <section class="frame" aria-label="JupyterLab" data-hidden={frameHidden.value} inert={frameHidden.value}>
      <iframe title="JupyterLab" src={`${basePath()}/lab/workspaces/jmcp${encoded}?reset`} />
    </section>
  );
}
