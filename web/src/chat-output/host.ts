/** The program around this page, over MCP Apps' messages. */

import {
  App,
  applyDocumentTheme,
  applyHostStyleVariables,
  type McpUiHostCapabilities,
  type McpUiHostContext,
} from "@modelcontextprotocol/ext-apps";
import { signal } from "@preact/signals";
import { type ViewData, viewData, withoutData } from "./view-data";

export type Shown =
  | { state: "waiting" }
  | { state: "said"; text: string; bad: boolean }
  | { state: "data"; data: ViewData };

export const shown = signal<Shown>({ state: "waiting" });
export const capabilities = signal<McpUiHostCapabilities>({});
export const displayModes = signal<{ now: string; possible: readonly string[] }>({ now: "inline", possible: [] });

const app = new App({ name: "jmcp-output", version: "1.0.0" }, { availableDisplayModes: ["inline", "fullscreen"] });
let given: Record<string, unknown> = {};

app.addEventListener("toolinput", (params) => {
  given = params.arguments ?? {};
});
app.addEventListener("toolresult", (result) => {
  const said = result.content.map((block) => (block.type === "text" ? block.text : "")).join("\n");
  const data = viewData(result._meta) ?? withoutData(result.structuredContent, given);
  if (result.isError || data === null) {
    const missing = "The program around this page has passed no data on to it. The result says:\n";
    shown.value = { state: "said", text: result.isError ? said : missing + said, bad: result.isError === true };
  } else {
    shown.value = { state: "data", data };
  }
});
app.addEventListener("toolcancelled", (params) => {
  shown.value = { state: "said", text: `The call was cancelled. ${params.reason ?? ""}`, bad: true };
});
app.addEventListener("hostcontextchanged", adopt);
app.onteardown = () => ({});

export async function connect(): Promise<void> {
  try {
    await app.connect();
  } catch (error) {
    shown.value = { state: "said", text: `No program around this page answers: ${message(error)}`, bad: true };
    return;
  }
  capabilities.value = app.getHostCapabilities() ?? {};
  adopt(app.getHostContext() ?? {});
}

function adopt(context: Partial<McpUiHostContext>): void {
  if (context.theme !== undefined) applyDocumentTheme(context.theme);
  if (context.styles?.variables !== undefined) applyHostStyleVariables(context.styles.variables);
  displayModes.value = {
    now: context.displayMode ?? displayModes.value.now,
    possible: context.availableDisplayModes ?? displayModes.value.possible,
  };
}

/** The result of a tool of this server. Throws an Error with what it says where that is an error. */
export async function callTool(name: string, args: Record<string, unknown>): Promise<unknown> {
  if (capabilities.value.serverTools === undefined) {
    throw new Error("The program around this page passes no calls on to jmcp, and this is too large to come by itself.");
  }
  const result = await app.callServerTool({ name, arguments: args });
  if (!result.isError) return result.structuredContent;
  throw new Error(result.content.map((block) => (block.type === "text" ? block.text : "")).join("\n"));
}

/** Whether it was opened. */
export async function openLink(url: string): Promise<boolean> {
  return (await app.openLink({ url })).isError !== true;
}

/** `data` is base64 where `binary`. Whether it was taken. */
export async function download(name: string, type: string, data: string, binary: boolean): Promise<boolean> {
  const resource = { uri: `file:///${encodeURIComponent(name)}`, mimeType: type, ...(binary ? { blob: data } : { text: data }) };
  return (await app.downloadFile({ contents: [{ type: "resource", resource }] })).isError !== true;
}

export async function toggleFullscreen(): Promise<void> {
  const mode = displayModes.value.now === "fullscreen" ? "inline" : "fullscreen";
  const answer = await app.requestDisplayMode({ mode });
  displayModes.value = { ...displayModes.value, now: answer.mode };
}

export function message(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
