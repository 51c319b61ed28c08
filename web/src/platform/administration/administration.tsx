import { useEffect } from "preact/hooks";
import { Card } from "../card";
import { me } from "../state";
import { since, size } from "../words";
import { Refresh } from "../work/refresh";
import { allServers, type Overview } from "./all-servers";
import { ServerRows } from "./server-rows";

const LOOK_MILLISECONDS = 20_000;

export function Administration() {
  useEffect(() => {
    const look = () => document.visibilityState === "visible" && void allServers.load();
    look();
    const timer = setInterval(look, LOOK_MILLISECONDS);
    return () => clearInterval(timer);
  }, []);
  const found = allServers.data.value;
  return (
    <div class="administration">
      {allServers.problem.value ? (
        <div class="banner" role="alert">
          {allServers.problem.value}{" "}
          {me.data.value?.admin ? <a href="admin/login">Log in as an administrator</a> : null}
        </div>
      ) : null}
      {found ? (
        <div class="cards">
          <div class="column">
            <Card id="servers" title="Servers" actions={<Refresh of={allServers} what="servers" />}>
              <ServerRows overview={found} />
            </Card>
          </div>
          <div class="column">
            <Alerts overview={found} />
            <Capacity overview={found} />
            <Failures overview={found} />
          </div>
        </div>
      ) : allServers.problem.value ? null : (
        <p class="empty">Asking the Hub ...</p>
      )}
    </div>
  );
}

function Alerts({ overview }: { overview: Overview }) {
  return (
    <Card id="alerts" title="Alerts">
      <div role="status">
        {overview.alerts.length === 0 ? <p class="good">Nothing to look at.</p> : null}
        {overview.alerts.length ? (
          <ul class="rows">
            {overview.alerts.map((one) => (
              <li key={one.code + one.user} class="warn">
                {one.text}
              </li>
            ))}
          </ul>
        ) : null}
      </div>
    </Card>
  );
}

function Capacity({ overview }: { overview: Overview }) {
  const { capacity, clients, grants } = overview;
  return (
    <Card id="capacity" title="Capacity">
      <dl class="facts">
        <dt>Memory of the gateway's machine</dt>
        <dd>
          {size(capacity.memory_free)} of {size(capacity.memory_total)} free
        </dd>
        <dt>Places</dt>
        <dd>
          {capacity.servers} taken{capacity.places ? ` of ${capacity.places}` : ", as many as memory allows"}
        </dd>
        <dt>Starting, waiting to start</dt>
        <dd>
          {capacity.starting}, {capacity.waiting}
        </dd>
        <dt>Registered clients</dt>
        <dd>{clients}</dd>
        <dt>Connected clients and tokens</dt>
        <dd>{grants}</dd>
      </dl>
    </Card>
  );
}

function Failures({ overview }: { overview: Overview }) {
  const { failures, failed_since_hub_began: all } = overview;
  return (
    <Card id="failures" title="Starts that failed">
      {failures.length === 0 ? <p class="empty">None through the gateway in the last hour.</p> : null}
      {failures.length ? (
        <ul class="rows rows-long" tabIndex={0} aria-label="Starts that failed in the last hour">
          {failures.map((one) => (
            <li key={`${one.at} ${one.user}`}>
              <span class="row-name" title={one.user}>
                {one.user}
              </span>
              <span class="quiet">{since(one.at)}</span>
              <span class="row-detail">{one.message}</span>
            </li>
          ))}
        </ul>
      ) : null}
      {all === null ? null : <p class="quiet">{all} since the Hub began, by its own count.</p>}
    </Card>
  );
}
