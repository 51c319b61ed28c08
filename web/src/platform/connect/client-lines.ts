/** What a person gives to their MCP client: with the URL alone it logs in by itself. */

export interface ClientLine {
  client: string;
  how: string;
  line: string;
}

export function clientLines(url: string): ClientLine[] {
  return [
    {
      client: "Claude Code",
      how: "In a terminal; then /mcp in Claude Code logs in.",
      line: `claude mcp add --transport http jupyter ${url}`,
    },
    {
      client: "Cursor",
      how: "In ~/.cursor/mcp.json; Cursor shows a button to log in.",
      line: JSON.stringify({ mcpServers: { jupyter: { url } } }),
    },
    {
      client: "VS Code",
      how: "In a terminal; VS Code asks you to log in.",
      line: `code --add-mcp '${JSON.stringify({ name: "jupyter", type: "http", url })}'`,
    },
    {
      client: "Claude, ChatGPT and others that take a URL",
      how: "As a connector; it has to be reachable from the internet.",
      line: url,
    },
  ];
}

/** For clients that cannot log in. */
export function headerLine(token: string): string {
  return `Authorization: Bearer ${token}`;
}
