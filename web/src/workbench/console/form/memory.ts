/** The last arguments of each tool, for as long as the tab lives. */

const KEY = "jmcp.arguments.";
const MOST_CHARACTERS = 100_000;

export function recalled(tool: string): Record<string, unknown> {
  try {
    const kept: unknown = JSON.parse(sessionStorage.getItem(KEY + tool) ?? "{}");
    return typeof kept === "object" && kept !== null ? (kept as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

export function remember(tool: string, data: Record<string, unknown>): void {
  const text = JSON.stringify(data);
  if (text.length > MOST_CHARACTERS) return;
  try {
    sessionStorage.setItem(KEY + tool, text);
  } catch {
    // The browser keeps no more: nothing that a person waits for.
  }
}
