import { ThemeChoice } from "../workbench/theme-choice";
import { AccessCard } from "./access/access-card";
import { Administration } from "./administration/administration";
import { loggedOut } from "./api";
import { Trouble } from "./card";
import { ConnectCard } from "./connect/connect-card";
import { ServerCard } from "./server/server-card";
import { me } from "./state";
import { view, type View } from "./view";
import { NotebooksCard } from "./work/notebooks-card";
import { SessionsCard } from "./work/sessions-card";
import { WorkbenchView } from "./work/workbench-view";

export function App() {
  const person = me.data.value;
  return (
    <div class={`platform platform-${view.value}`}>
      <header class="bar">
        <h1>My Jupyter server</h1>
        <nav aria-label="Parts of this page">
          <Part to="overview" text="Overview" />
          <Part to="workbench" text="Workbench" />
          {person?.administration ? (
            <Part to="administration" text="Administration" />
          ) : person?.admin ? (
            <a href="admin/login">Administration</a>
          ) : null}
        </nav>
        <span class="bar-space" />
        {person ? (
          <span class="bar-person" title={person.name}>
            {person.name}
            {person.admin ? <span class="badge">administrator</span> : null}
          </span>
        ) : null}
        <ThemeChoice />
        <a href="logout">Log out</a>
      </header>
      {loggedOut.value ? (
        <div class="banner" role="alert">
          You are not logged in any more. <a href="login">Log in again</a>
        </div>
      ) : null}
      <main>
        {me.problem.value && !loggedOut.value ? <Trouble text={me.problem.value} /> : null}
        {view.value === "overview" ? <Overview /> : null}
        {view.value === "workbench" ? <WorkbenchView /> : null}
        {view.value === "administration" ? <Administration /> : null}
      </main>
    </div>
  );
}

function Part({ to, text }: { to: View; text: string }) {
  return (
    <a href={`#${to}`} aria-current={view.value === to ? "page" : undefined}>
      {text}
    </a>
  );
}

function Overview() {
  return (
    <div class="cards">
      <div class="column">
        <ServerCard />
        <NotebooksCard />
        <SessionsCard />
      </div>
      <div class="column">
        <ConnectCard />
        <AccessCard />
      </div>
    </div>
  );
}
