/** All tools, and a form for the one that is chosen. */

import { signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { ChosenTool } from "./chosen-tool";
import "./console.css";
import { ProblemText } from "./problem-text";
import { ToolList } from "./tool-list";
import { loadTools, tools, toolsProblem } from "./tools";

/** The name of the tool whose form is shown. */
export const chosenTool = signal<string | null>(null);

export function ToolConsole() {
  const left = useRef<string | null>(null);
  useEffect(() => {
    const ending = new AbortController();
    if (tools.value.length === 0) void loadTools(ending.signal).catch(() => undefined);
    return () => ending.abort();
  }, []);
  if (toolsProblem.value) {
    return (
      <>
        <ProblemText problem={toolsProblem.value} />
        <button type="button" onClick={() => void loadTools()}>
          Try again
        </button>
      </>
    );
  }
  const tool = tools.value.find(({ name }) => name === chosenTool.value);
  if (tool === undefined) {
    return <ToolList focused={left.current} onChoose={(name) => (chosenTool.value = name)} />;
  }
  return (
    <ChosenTool
      key={tool.name}
      tool={tool}
      onBack={() => {
        left.current = tool.name;
        chosenTool.value = null;
      }}
    />
  );
}
