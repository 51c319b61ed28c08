/** A call of the console: how far it is, and what came of it. */

import { useEffect, useRef, useState } from "preact/hooks";
import { TextBlock } from "../../outputs/text-block";
import { ToolResultView } from "../../outputs/tool-result";
import type { CellOutput } from "../../server/tool-stream";
import type { PageCall } from "./calls";
import { ProblemText } from "./problem-text";

const SECOND_MS = 1_000;

interface Props {
  call: PageCall;
  /** Makes the call again for what the result had no room for. */
  onMore: (args: Record<string, unknown>) => void;
}

export function CallView({ call, onMore }: Props) {
  const more = call.result && moreOf(call.result.result);
  const section = useRef<HTMLElement>(null);
  useEffect(() => section.current?.scrollIntoView({ block: "nearest" }), [call.began, call.state]);
  return (
    <section ref={section} class="console-call" aria-label={`Result of ${call.tool}`}>
      <p class="console-outcome" data-state={call.state} role="status">
        {outcome(call)}
        {call.state === "running" && <Elapsed since={call.began} />}
      </p>
      {call.state === "running" && <UnderWay call={call} />}
      {call.problem && <ProblemText problem={call.problem} />}
      {call.result === undefined && call.outputs && call.outputs.length > 0 && (
        <TextBlock text={call.outputs.map(outputText).join("")} label="Output so far" growing />
      )}
      {call.result && <ToolResultView result={call.result} />}
      {more && (
        <p class="console-more">
          {more.count.toLocaleString("en")} more.{" "}
          <button type="button" onClick={() => onMore({ ...call.arguments, start_index: more.start_index })}>
            Read on from {more.start_index}
          </button>
        </p>
      )}
    </section>
  );
}

/** What a list had no room for, and where its next page begins. */
export function moreOf(result: Record<string, unknown>): { count: number; start_index: number } | undefined {
  const { count, start_index } = (result.more ?? {}) as Record<string, unknown>;
  return typeof count === "number" && typeof start_index === "number" ? { count, start_index } : undefined;
}

function outcome({ state, seconds = 0 }: PageCall): string {
  switch (state) {
    case "running":
      return "Running";
    case "ok":
      return `Done in ${duration(seconds)}`;
    case "error":
      return `Failed after ${duration(seconds)}`;
    case "cancelled":
      return `Cancelled after ${duration(seconds)}: the page waits no longer. A cell that runs goes on; interrupt_kernel ends it.`;
  }
}

export function duration(seconds: number): string {
  return seconds < 1 ? `${Math.round(seconds * 1000)} ms` : `${seconds.toFixed(1)} s`;
}

/** Not in the status's text, which a screen reader would read out each second. */
function Elapsed({ since }: { since: number }) {
  const [now, setNow] = useState(performance.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(performance.now()), SECOND_MS);
    return () => clearInterval(timer);
  }, []);
  return <span aria-hidden="true"> {Math.max(0, Math.floor((now - since) / SECOND_MS))} s</span>;
}

export function UnderWay({ call }: { call: PageCall }) {
  const { progress } = call;
  return (
    <div class="console-progress">
      <progress
        aria-label={`Progress of ${call.tool}`}
        {...(progress?.total ? { value: progress.done, max: progress.total } : {})}
      />
      {progress?.message && <span>{progress.message}</span>}
      <button type="button" onClick={call.cancel}>
        Cancel
      </button>
    </div>
  );
}

function outputText(output: CellOutput): string {
  if (typeof output.text === "string") return output.text;
  return `[${String(output.output_type ?? "output")}]\n`;
}
