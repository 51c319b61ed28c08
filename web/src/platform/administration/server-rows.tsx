import { useSignal } from "@preact/signals";
import { ask, sentence } from "../api";
import { Trouble } from "../card";
import { Question } from "../question";
import { onDate, since, size } from "../words";
import { allServers, type Overview, type ServerRow } from "./all-servers";

export function ServerRows({ overview }: { overview: Overview }) {
  const asking = useSignal<string | null>(null);
  const trouble = useSignal<string | null>(null);
  const stop = async (user: string) => {
    asking.value = trouble.value = null;
    try {
      await ask("POST", `admin/servers/${encodeURIComponent(user)}/stop`, { confirm: true });
    } catch (error) {
      trouble.value = sentence(error);
    }
    await allServers.load();
  };
  const { servers, capacity } = overview;
  return (
    <>
      {trouble.value ? <Trouble text={trouble.value} /> : null}
      {servers.length === 0 ? <p class="empty">No server runs.</p> : null}
      <ul class="rows" aria-label="Servers">
        {servers.map((one) => (
          <li key={one.user}>
            <span class="grant">
              <span class="row-name" title={one.user}>
                {one.user}
              </span>
              <span class="quiet row-detail">{facts(one)}</span>
            </span>
            {asking.value === one.user ? (
              <Question
                text={`Stop the server of ${one.user}? Code that runs there ends.`}
                yes="Yes, stop"
                onYes={() => void stop(one.user)}
                onNo={() => (asking.value = null)}
              />
            ) : (
              <button
                type="button"
                class="small"
                aria-label={`Stop the server of ${one.user}`}
                disabled={one.state === "stopping"}
                onClick={() => (asking.value = one.user)}
              >
                Stop
              </button>
            )}
          </li>
        ))}
      </ul>
      {capacity.servers > servers.length ? (
        <p class="quiet">
          {servers.length} of {capacity.servers}; the rest is in the Hub's own admin page.
        </p>
      ) : null}
    </>
  );
}

function facts({ state, since: began, last_activity: used, memory }: ServerRow): string {
  const parts: string[] = [state];
  if (began) parts.push(`since ${onDate(began)}`);
  if (used) parts.push(`used ${since(used)}`);
  if (memory?.used) parts.push(`${size(memory.used)}${memory.limit ? ` of ${size(memory.limit)}` : ""}`);
  return parts.join(", ");
}
