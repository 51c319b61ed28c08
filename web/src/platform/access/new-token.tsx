/** Makes a personal token, and shows it once. */

import { useSignal } from "@preact/signals";
import { ask, sentence } from "../api";
import { Trouble } from "../card";
import { headerLine } from "../connect/client-lines";
import { CopyLine } from "../copy-line";
import { grants, me, type Grant } from "../state";
import { onDate } from "../words";

const DAYS = [1, 7, 30, 90, 365];

export function NewToken() {
  const name = useSignal("");
  const days = useSignal(7);
  const made = useSignal<{ token: string; grant: Grant } | null>(null);
  const trouble = useSignal<string | null>(null);
  const busy = useSignal(false);
  // A token ends with the Hub's login behind it, so that longer times would be promised in vain.
  const longest = Math.max(1, me.data.value?.max_token_days ?? 1);

  const make = async () => {
    busy.value = true;
    trouble.value = made.value = null;
    try {
      made.value = await ask("POST", "tokens", { name: name.value, days: days.value });
      name.value = "";
    } catch (error) {
      trouble.value = sentence(error);
    }
    await grants.load();
    busy.value = false;
  };

  return (
    <>
      <form
        class="new-token"
        onSubmit={(event) => {
          event.preventDefault();
          void make();
        }}
      >
        <label>
          <span>New personal token for</span>
          <input
            value={name.value}
            maxLength={100}
            required
            placeholder="my script"
            onInput={(event) => (name.value = event.currentTarget.value)}
          />
        </label>
        <label>
          <span>good for</span>
          <select value={days.value} onChange={(event) => (days.value = Number(event.currentTarget.value))}>
            {DAYS.filter((one) => one <= Math.ceil(longest)).map((one) => (
              <option key={one} value={one}>
                {one === 1 ? "1 day" : `${one} days`}
              </option>
            ))}
          </select>
        </label>
        <button type="submit" disabled={busy.value}>
          Make a token
        </button>
      </form>
      {trouble.value ? <Trouble text={trouble.value} /> : null}
      {made.value ? (
        <div class="made" role="status">
          <p>
            <strong>Copy it now: it is not shown again.</strong> Good until {onDate(made.value.grant.expires)}, and
            no longer than this browser stays logged in at the Hub.
          </p>
          <CopyLine label="New token" text={made.value.token} />
          <CopyLine label="New token as a header" text={headerLine(made.value.token)} />
          <button type="button" class="small" onClick={() => (made.value = null)}>
            I have it
          </button>
        </div>
      ) : null}
    </>
  );
}
