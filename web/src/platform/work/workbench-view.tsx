/**
 * The workbench of the person's own server: in a frame, on that server's own origin, where the Hub's
 * configuration allows frames; else by a link. It logs in there by the Hub's cookies. Whether it came up
 * its message tells: a login page of the Hub, or one that refuses the frame, sends none.
 */

import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { Trouble } from "../card";
import { progress, start, trouble } from "../server/server-actions";
import { me, running, server } from "../state";

const PATIENCE_MILLISECONDS = 15_000;
export const HELLO = "jmcp-workbench";

export function WorkbenchView() {
  const known = server.data.value;
  if (!known || !me.data.value) return <p class="empty workbench-note">Asking the Hub ...</p>;
  if (!running.value) {
    return (
      <div class="workbench-note">
        <p>The workbench is a page of your own server, which does not run.</p>
        {trouble.value ? <Trouble text={trouble.value} /> : null}
        <button
          type="button"
          class="primary"
          disabled={progress.value !== null || known.state === "stopping"}
          onClick={() => void start()}
        >
          Start my server
        </button>
        <p class="quiet" role="status">
          {progress.value ? progress.value.message || "Starting ..." : ""}
        </p>
      </div>
    );
  }
  if (!me.data.value.frames) {
    return (
      <div class="workbench-note">
        <p>The workbench is a page of your own server, with your notebooks in it.</p>
        <a class="button primary" href={known.workbench_url} target="_blank" rel="noopener">
          Open the workbench
        </a>
        <p class="quiet">
          This Hub shows it in a tab of its own: all servers share one host here, and a page that may frame one
          may frame all of them.
        </p>
      </div>
    );
  }
  return <Framed url={known.workbench_url} />;
}

function Framed({ url }: { url: string }) {
  const frame = useRef<HTMLIFrameElement>(null);
  const late = useSignal(false);
  useEffect(() => {
    const waiting = setTimeout(() => (late.value = true), PATIENCE_MILLISECONDS);
    const hear = ({ source, origin, data }: MessageEvent) => {
      if (source !== frame.current?.contentWindow || origin !== new URL(url).origin || data !== HELLO) return;
      clearTimeout(waiting);
      late.value = false;
    };
    addEventListener("message", hear);
    return () => {
      clearTimeout(waiting);
      removeEventListener("message", hear);
    };
  }, [url]);
  return (
    <div class="workbench-view">
      {late.value ? (
        <div class="banner" role="alert">
          The workbench has not come up. You may be logged out at the Hub: <a href="login">log in again</a>, then
          come back here. Or open it <a href={url} target="_blank" rel="noopener">in a tab of its own</a>.
        </div>
      ) : null}
      <iframe
        ref={frame}
        title="Workbench"
        src={url}
        allow={`clipboard-read ${new URL(url).origin}; clipboard-write ${new URL(url).origin}`}
      />
    </div>
  );
}
