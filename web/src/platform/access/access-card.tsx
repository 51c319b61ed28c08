import { useSignal } from "@preact/signals";
import { ask, sentence } from "../api";
import { Card, Trouble } from "../card";
import { Question } from "../question";
import { grants, type Grant } from "../state";
import { onDate, since } from "../words";
import { NewToken } from "./new-token";

const ALL = "all";

export function AccessCard() {
  const found = grants.data.value?.grants;
  const asking = useSignal<string | null>(null);
  const trouble = useSignal<string | null>(null);
  const busy = useSignal(false);

  const revoke = async (id: string) => {
    asking.value = null;
    busy.value = true;
    trouble.value = null;
    try {
      await ask("DELETE", id === ALL ? "grants" : `grants/${encodeURIComponent(id)}`);
    } catch (error) {
      trouble.value = sentence(error);
    }
    await grants.load();
    busy.value = false;
  };

  return (
    <Card id="access" title="Connected clients and tokens" problem={grants.problem.value}>
      {trouble.value ? <Trouble text={trouble.value} /> : null}
      {found?.length === 0 ? <p class="empty">No client has access to your server.</p> : null}
      {found?.length ? (
        <ul class="rows" aria-label="Clients and tokens">
          {found.map((one) => (
            <li key={one.id}>
              <GrantText grant={one} />
              {asking.value === one.id ? (
                <Question
                  text={`Revoke the access of ${one.name}? It cannot call your server from then on.`}
                  yes="Yes, revoke"
                  onYes={() => void revoke(one.id)}
                  onNo={() => (asking.value = null)}
                />
              ) : (
                <button
                  type="button"
                  class="small"
                  aria-label={`Revoke ${one.name}`}
                  disabled={busy.value}
                  onClick={() => (asking.value = one.id)}
                >
                  Revoke
                </button>
              )}
            </li>
          ))}
        </ul>
      ) : null}
      {asking.value === ALL ? (
        <Question
          text="Revoke the access of all clients and tokens? Each has to log in again."
          yes="Yes, revoke all"
          onYes={() => void revoke(ALL)}
          onNo={() => (asking.value = null)}
        />
      ) : found && found.length > 1 ? (
        <button type="button" class="small" disabled={busy.value} onClick={() => (asking.value = ALL)}>
          Revoke all
        </button>
      ) : null}
      <NewToken />
    </Card>
  );
}

function GrantText({ grant }: { grant: Grant }) {
  const kind = grant.kind === "client" ? "client" : "personal token";
  return (
    <span class="grant">
      <span class="row-name" title={grant.name}>
        {grant.name}
      </span>
      <span class="quiet row-detail">
        {kind}
        {grant.from ? ` of ${grant.from}` : ""}, made {since(grant.created)},{" "}
        {grant.last_used ? `used ${since(grant.last_used)}` : "never used"}, until {onDate(grant.expires)}
      </span>
    </span>
  );
}
