import { Card } from "../card";
import { running, sessions } from "../state";
import { onDate, since } from "../words";
import { Refresh } from "./refresh";

export function SessionsCard() {
  const found = sessions.data.value;
  return (
    <Card
      id="sessions"
      title="My agents' sessions"
      problem={sessions.problem.value}
      actions={running.value ? <Refresh of={sessions} what="sessions" /> : null}
    >
      {!running.value ? <p class="empty">Shown while your server runs.</p> : null}
      {found?.sessions.length === 0 ? (
        <p class="empty">No agent has a notebook open. Connect one with the line for your client.</p>
      ) : null}
      {found?.runs.length ? (
        <p class="good">{found.runs.length === 1 ? "1 run goes on." : `${found.runs.length} runs go on.`}</p>
      ) : null}
      {found?.sessions.length ? (
        <ul class="rows rows-long" tabIndex={0} aria-label="Sessions, the one used last first">
          {found.sessions.map((one) => (
            <li key={one.session + one.opened}>
              <span class="row-name" title={one.notebook_path ?? ""}>
                {one.notebook_path ?? "no notebook"}
                {one.notebooks > 1 ? <span class="quiet"> and {one.notebooks - 1} more</span> : null}
              </span>
              <span class="quiet row-detail">
                {one.client ?? "unnamed client"}
                {one.last_tool ? `, ${one.last_tool}` : ""}
              </span>
              <span class="quiet" title={onDate(one.last_call)}>
                {since(one.last_call)}
              </span>
            </li>
          ))}
        </ul>
      ) : null}
      {found && found.total > found.sessions.length ? (
        <p class="quiet">
          {found.sessions.length} of {found.total}; the rest is in the workbench.
        </p>
      ) : null}
      {running.value ? (
        <p>
          <a href="#workbench">Watch and steer them in the workbench</a>
        </p>
      ) : null}
    </Card>
  );
}
