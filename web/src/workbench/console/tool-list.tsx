/** The tools by toolset, and a search in them. */

import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { tools, type Tool } from "./tools";

interface Props {
  /** The tool that was left, whose button gets the focus. */
  focused: string | null;
  onChoose: (name: string) => void;
}

export function ToolList({ focused, onChoose }: Props) {
  const sought = useSignal("");
  const list = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (focused !== null) list.current?.querySelector<HTMLElement>(`[data-tool="${CSS.escape(focused)}"]`)?.focus();
  }, [focused]);
  const found = tools.value.filter((tool) => matches(tool, sought.value));
  const toolsets = [...new Set(found.map(({ toolset }) => toolset))];
  return (
    <div ref={list}>
      <label class="console-search">
        <span>Search tools</span>
        <input type="search" value={sought.value} onInput={(event) => (sought.value = event.currentTarget.value)} />
      </label>
      <p class="unseen" role="status">
        {found.length} of {tools.value.length} tools
      </p>
      {tools.value.length > 0 && found.length === 0 && <p class="empty">No tool has that in its name or text.</p>}
      {toolsets.map((toolset) => (
        <section key={toolset} aria-label={`Toolset ${toolset}`}>
          <h2 class="console-toolset">{toolset}</h2>
          <ul class="console-tools">
            {found
              .filter((tool) => tool.toolset === toolset)
              .map((tool) => (
                <li key={tool.name}>
                  <button type="button" data-tool={tool.name} onClick={() => onChoose(tool.name)}>
                    <span class="console-tool-head">
                      <strong>{tool.title}</strong> <code>{tool.name}</code> <Marks tool={tool} />
                    </span>
                    <span class="console-quiet">{tool.description.split("\n")[0]}</span>
                  </button>
                </li>
              ))}
          </ul>
        </section>
      ))}
    </div>
  );
}

export function Marks({ tool: { annotations } }: { tool: Tool }) {
  if (annotations.readOnlyHint) return <span class="console-mark">read-only</span>;
  if (annotations.destructiveHint) return <span class="console-mark console-mark-warn">destructive</span>;
  return null;
}

function matches({ name, title, description }: Tool, sought: string): boolean {
  const text = `${name} ${title} ${description}`.toLowerCase();
  return sought
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}
