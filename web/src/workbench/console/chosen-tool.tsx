/** A tool: what it does, its form, and the last call of it. */

import { useEffect, useRef, useState } from "preact/hooks";
import { ServerProblem } from "../../server/problem";
import { useInOwnSession } from "../own-session";
import { notebookPath, ownSession } from "../state";
import { CallView } from "./call-view";
import { lastCalls, run } from "./calls";
import type ToolFormComponent from "./form/tool-form";
import { ProblemText } from "./problem-text";
import { Marks } from "./tool-list";
import type { Tool } from "./tools";

type ToolFormType = typeof ToolFormComponent;

export function ChosenTool({ tool, onBack }: { tool: Tool; onBack: () => void }) {
  const heading = useRef<HTMLHeadingElement>(null);
  const [Form, setForm] = useState<ToolFormType | null>(null);
  const [opening, setOpening] = useState(false);
  const [problem, setProblem] = useState<ServerProblem | null>(null);
  useEffect(() => {
    heading.current?.focus();
    // The form library is most of the page's code: only who wants a form loads it.
    void import("./form/tool-form").then((module) => setForm(() => module.default));
  }, []);
  const call = lastCalls.value.get(tool.name);
  async function start(args: Record<string, unknown>) {
    setProblem(null);
    try {
      const path = notebookPath.value;
      if (path !== null && ownSession.value === null && needsSession(tool)) {
        setOpening(true);
        await useInOwnSession(path);
      }
    } catch (error) {
      if (!(error instanceof ServerProblem)) throw error;
      setProblem(error);
      return;
    } finally {
      setOpening(false);
    }
    await run(tool.name, addressed(tool, args));
  }
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
        <p class="empty">The form is loading.</p>
      ) : (
        <Form tool={tool} busy={opening || call?.state === "running"} onRun={(args) => void start(args)} />
      )}
      {problem && <ProblemText problem={problem} />}
      {call && <CallView call={call} />}
    </article>
  );
}

function needsSession({ name, inputSchema }: Tool): boolean {
  return name !== "use_notebook" && inputSchema.properties?.session_id !== undefined;
}

/** The arguments with the page's own session, where the tool has one and none is named. */
export function addressed(tool: Tool, args: Record<string, unknown>): Record<string, unknown> {
  const own = ownSession.value;
  if (own === null || args.session_id !== undefined || !tool.inputSchema.properties?.session_id) return args;
  return { session_id: own, ...args };
}
