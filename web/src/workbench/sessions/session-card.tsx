/** One session: who, in which notebook, with which kernel, what it does, and what can be done with it. */

import { useComputed, useSignalEffect } from "@preact/signals";
import { follow } from "../frame/follow";
import { followed } from "../frame/followed";
import { notebookPath, ownSession, type SessionRow } from "../state";
import { switchNotebook } from "../switch-notebook";
import { ago } from "./ago";
import { useAttempt, type Attempt } from "./attempt";
import { ConfirmedButton } from "./confirmed-button";
import { closeSession, interruptKernel, restartKernel } from "./session-actions";
import { serverNow, type Session } from "./session-store";

export function SessionCard({ session }: { session: Session }) {
  const attempt = useAttempt();
  const row = session.row.value;
  // Computed, so that only the cards are made anew of which it changed.
  const own = useComputed(() => ownSession.value === session.key).value;
  const following = useComputed(() => followed.value === session.key).value;
  const name = row.client ?? (own ? "Workbench" : "a client without a name");
  return (
    <article class="session" data-own={own} aria-label={`${name} ${row.session}`}>
      <p class="session-who">
        <strong dir="auto" title={name}>
          {name}
        </strong>{" "}
        <code>{row.session}</code>
        {own && <span class="session-mark">this page</span>}
        {following && <span class="session-mark">followed</span>}
        {row.paused && (
          <span class="session-mark" title="A person has paused it in JupyterLab: it changes nothing until it is resumed there.">
            paused
          </span>
        )}
      </p>
      <ul class="session-notebooks">
        {row.notebooks.map((notebook) => (
          <li key={notebook.notebook_path}>
            <NotebookButton path={notebook.notebook_path} current={notebook.current} attempt={attempt} />
            <span class="session-kernel" data-state={notebook.kernel_state ?? "none"}>
              {notebook.kernel_state ?? "no kernel"}
            </span>
          </li>
        ))}
      </ul>
      <LastCall session={session} />
      <SessionButtons row={row} name={name} session={session} attempt={attempt} own={own} />
      {attempt.problem.value !== null && (
        <p class="session-problem" role="alert">
          {attempt.problem.value}
        </p>
      )}
    </article>
  );
}

function NotebookButton({ path, current, attempt }: { path: string; current: boolean; attempt: Attempt }) {
  const pressed = useComputed(() => path === notebookPath.value).value;
  return (
    <button
      type="button"
      class="session-notebook"
      title={path}
      aria-pressed={pressed}
      disabled={attempt.busy.value}
      onClick={() => void attempt.make(() => switchNotebook(path))}
    >
      <span dir="auto">{path}</span>
      {current && <span class="session-current">current</span>}
    </button>
  );
}

/** By itself, so that the time that passes makes nothing else anew. */
function LastCall({ session }: { session: Session }) {
  const last = session.last.value;
  const now = session.now.value;
  return (
    <p class="session-last">
      {last === null ? (
        "no call yet"
      ) : (
        <>
          <code>{last.tool}</code>
          {last.outcome !== null && last.outcome !== "ok" && <span data-outcome="bad"> {last.outcome}</span>}{" "}
          {ago(last.at, serverNow.value)}
        </>
      )}
      {now !== null && (
        <span class="session-now" title={now}>
          {now}
        </span>
      )}
    </p>
  );
}

interface Buttons {
  row: SessionRow;
  name: string;
  session: Session;
  attempt: Attempt;
  own: boolean;
}

function SessionButtons({ row, name, session, attempt, own }: Buttons) {
  const current = row.notebooks.find((one) => one.current)?.notebook_path;
  const kernel = row.notebooks.find((one) => one.current)?.kernel_state;
  const busy = attempt.busy.value;
  const mine = Boolean(row.session_id);
  const who = `${name} ${row.session}`;
  const following = useComputed(() => followed.value === session.key).value;
  useSignalEffect(() => {
    // What is said of a session that failed once is no matter any more when something else came of it.
    if (session.last.value?.outcome === "ok" && !attempt.busy.peek()) attempt.problem.value = null;
  });
  return (
    <div class="session-buttons">
      {current !== undefined && (
        <button
          type="button"
          aria-label={`Show the notebook of ${who}`}
          disabled={busy}
          onClick={() => void attempt.make(() => switchNotebook(current))}
        >
          Show
        </button>
      )}
      {!own && (
        <button
          type="button"
          aria-label={`Follow ${who}`}
          aria-pressed={following}
          onClick={() => follow(following ? null : session.key)}
        >
          Follow
        </button>
      )}
      {mine && current !== undefined && kernel && kernel !== "dead" && (
        <>
          <ConfirmedButton
            label="Interrupt"
            name={`Interrupt the kernel of ${who}`}
            question="Interrupt what runs?"
            disabled={busy}
            onConfirm={() => void attempt.make(() => interruptKernel(row, current))}
          />
          <ConfirmedButton
            label="Restart"
            name={`Restart the kernel of ${who}`}
            question="Restart the kernel? All variables are lost."
            disabled={busy}
            onConfirm={() => void attempt.make(() => restartKernel(row, current))}
          />
        </>
      )}
      {mine && (
        <ConfirmedButton
          label="Close"
          name={`Close the session ${who}`}
          question="Close the session? Its kernels stop where nobody else uses them."
          disabled={busy}
          onConfirm={() => void attempt.make(() => closeSession(row))}
        />
      )}
    </div>
  );
}
