/** Whether the page follows the server; and where it does not, why, and what a person can do. */

import { useSignal, useSignalEffect } from "@preact/signals";
import { basePath } from "../../server/address";
import { hasToken } from "../../server/credentials";
import { tryNow } from "../connection";
import { connection, everLive } from "../state";
import { trouble, type Trouble } from "../trouble";
import "./connection-state.css";
import { TokenForm } from "./token-form";

const NAMES = {
  connecting: "connecting",
  live: "live",
  away: "not connected",
  "signed-out": "signed out",
  elsewhere: "paused",
} as const;

export function ConnectionState() {
  return (
    <span class="connection" data-state={connection.value} role="status">
      {NAMES[connection.value]}
    </span>
  );
}

/** A line that takes the whole width of the bar, only while there is something to say. */
export function ConnectionTrouble() {
  const shown = trouble.value;
  if (shown === null || connection.value === "live") return null;
  return (
    <div class="connection-trouble" role="alert" data-state={connection.value}>
      <p>
        {shown.why}
        {everLive.value && ` What is shown is as it was at ${new Date(shown.since).toLocaleTimeString()}.`}
      </p>
      <Remedy trouble={shown} />
    </div>
  );
}

function Remedy({ trouble: shown }: { trouble: Trouble }) {
  switch (connection.value) {
    case "signed-out":
      return hasToken() ? <TokenForm /> : <LoginAgain />;
    case "elsewhere":
      return (
        <button type="button" onClick={tryNow}>
          Follow it here instead
        </button>
      );
    default:
      return (
        <>
          {shown.nextTry !== null && <NextTry at={shown.nextTry} />}
          <button type="button" onClick={tryNow}>
            Try now
          </button>
        </>
      );
  }
}

/** In Jupyter the login is Jupyter's own page, which must not take the place of this one. */
function LoginAgain() {
  useSignalEffect(() => {
    const back = () => document.hidden || (connection.value = "connecting");
    document.addEventListener("visibilitychange", back);
    return () => document.removeEventListener("visibilitychange", back);
  });
  return (
    <>
      <a href={`${basePath()}/login`} target="_blank" rel="noopener">
        Log in to Jupyter in a new tab
      </a>
      <button type="button" onClick={() => (connection.value = "connecting")}>
        Try now
      </button>
    </>
  );
}

/** Seconds until the page tries again by itself; not for screen readers, which would read each. */
function NextTry({ at }: { at: number }) {
  const now = useSignal(Date.now());
  useSignalEffect(() => {
    const timer = setInterval(() => (now.value = Date.now()), 500);
    return () => clearInterval(timer);
  });
  const seconds = Math.max(0, Math.ceil((at - now.value) / 1000));
  return <span aria-hidden="true">{seconds > 0 ? `Next try in ${seconds} s.` : "Trying now."}</span>;
}
