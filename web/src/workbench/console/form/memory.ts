/** The last arguments of each tool, for as long as the tab lives. */

import { keep, kept } from "../../../server/storage";

const KEY = "jmcp.arguments.";
const MOST_CHARACTERS = 100_000;

export function recalled(tool: string): Record<string, unknown> {
  try {
    const found: unknown = JSON.parse(kept("tab", KEY + tool) ?? "{}");
    return typeof found === "object" && found !== null ? (found as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

export function remember(tool: string, data: Record<string, unknown>): void {
  const text = JSON.stringify(data);
  if (text.length <= MOST_CHARACTERS) keep("tab", KEY + tool, text);
}
