import { Card } from "../card";
import { notebooks, running, server } from "../state";
import { onDate, since } from "../words";
import { Refresh } from "./refresh";

export function NotebooksCard() {
  const found = notebooks.data.value;
  const root = server.data.value?.url ?? "";
  return (
    <Card
      id="notebooks"
      title="My notebooks"
      problem={notebooks.problem.value}
      actions={running.value ? <Refresh of={notebooks} what="notebooks" /> : null}
    >
      {!running.value ? <p class="empty">Shown while your server runs.</p> : null}
      {found?.notebooks.length === 0 ? <p class="empty">No notebooks yet.</p> : null}
      {found?.notebooks.length ? (
        <ul class="rows rows-long" tabIndex={0} aria-label="Notebooks, the newest first">
          {found.notebooks.map((one) => (
            <li key={one.path}>
              <a
                class="row-name"
                href={`${root}lab/tree/${one.path.split("/").map(encodeURIComponent).join("/")}`}
                target="_blank"
                rel="noopener"
                title={one.path}
              >
                {one.path}
              </a>
              <span class="quiet" title={onDate(one.last_modified)}>
                {since(one.last_modified)}
              </span>
            </li>
          ))}
        </ul>
      ) : null}
      {found && found.total > found.notebooks.length ? (
        <p class="quiet">
          {found.notebooks.length} of {found.total}; the rest is in JupyterLab.
        </p>
      ) : null}
    </Card>
  );
}
