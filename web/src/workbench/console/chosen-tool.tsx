/** A tool: what it does, its form, and the last call of it. */

import { useEffect, useRef, useState } from "preact/hooks";
import { CallView } from "./call-view";
import { keepLast, lastCalls, runTool } from "./calls";
import type ToolFormComponent from "./form/tool-form";
import { Marks } from "./tool-list";
import type { Tool } from "./tools";

type ToolFormType = typeof ToolFormComponent;

export function ChosenTool({ tool, onBack }: { tool: Tool; onBack: () => void }) {
  const heading = useRef<HTMLHeadingElement>(null);
  const [Form, setForm] = useState<ToolFormType | null>(null);
  const [missing, setMissing] = useState(false);
  useEffect(() => {
    heading.current?.focus();
    // The form library is most of the page's code: only who wants a form loads it.
    import("./form/tool-form").then(
      (module) => setForm(() => module.default),
      () => setMissing(true),
    );
  }, []);
  const call = lastCalls.value.get(tool.name);
  const inOwnSession = tool.inputSchema.properties?.session_id !== undefined;
  const start = (args: Record<string, unknown>) => {
    void runTool(tool.name, args, { inOwnSession, onChange: keepLast });
  };
  return (
    <article class="console-tool">
      <button type="button" onClick={onBack}>
        ‹ All tools
      </button>
      <h2 ref={heading} tabIndex={-1}>
        {tool.title}
      </h2>
      <p class="console-tool-head">
        <code>{tool.name}</code> <Marks tool={tool} />
      </p>
      <p class="console-description">{tool.description}</p>
      {Form === null ? (
        <p class="empty" role="status">
          {missing ? "The form could not be loaded: the server did not answer. Load the page again." : "The form is loading."}
        </p>
      ) : (
        <Form
          tool={tool}
          busy={call?.state === "running"}
          onRun={start}
        />
      )}
      {call && <CallView call={call} onMore={start} />}
    </article>
  );
}
