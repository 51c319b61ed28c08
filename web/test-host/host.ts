/** A chat client for tests: shows the page of a server as MCP Apps says, with the AppBridge of its SDK. */

import type { CallToolResult } from "@modelcontextprotocol/client";
import {
  AppBridge,
  type McpUiHostCapabilities,
  type McpUiHostContext,
  PostMessageTransport,
} from "@modelcontextprotocol/ext-apps/app-bridge";

interface Given {
  sandbox: string;
  html: string;
  input: Record<string, unknown>;
  result: CallToolResult;
  context: McpUiHostContext;
  /** What it can do beyond opening links and passing calls on. */
  more: McpUiHostCapabilities;
  /** What it cannot do. */
  less: string[];
}

declare global {
  interface Window {
    /** The MCP client behind the page. */
    callTool: (name: string, args: Record<string, unknown>) => Promise<CallToolResult>;
    show: (given: Given) => Promise<void>;
    change: (context: McpUiHostContext) => void;
    /** What the page asked for: links and files. */
    asked: unknown[];
    /** A script of an output that got out sets this, in any frame. */
    escaped?: boolean;
  }
}

let bridge: AppBridge | undefined;
window.asked = [];

window.show = async ({ sandbox, html, input, result, context, more, less }) => {
  for (const old of document.querySelectorAll("iframe")) old.remove();
  await bridge?.close();
  const frame = document.createElement("iframe");
  frame.setAttribute("sandbox", "allow-scripts allow-same-origin");
  frame.style.cssText = "width: 100%; height: 200px; border: 1px solid #999";
  document.body.append(frame);
  const able: McpUiHostCapabilities = { openLinks: {}, serverTools: {}, ...more };
  const capabilities = Object.fromEntries(Object.entries(able).filter(([name]) => !less.includes(name)));
  const now = new AppBridge(null, { name: "test host", version: "1" }, capabilities, { hostContext: context });
  bridge = now;
  const ready = new Promise<void>((resolve) => (now.onsandboxready = () => resolve()));
  const initialized = new Promise<void>((resolve) => (now.oninitialized = () => resolve()));
  now.oncalltool = ({ name, arguments: args }) => window.callTool(name, args ?? {});
  now.onopenlink = async (params) => (window.asked.push(params), {});
  now.ondownloadfile = async (params) => (window.asked.push(params), {});
  now.onrequestdisplaymode = async ({ mode }) => (window.asked.push({ mode }), { mode });
  now.onsizechange = ({ height }) => {
    if (height !== undefined) frame.style.height = `${height}px`;
  };
  const target = frame.contentWindow;
  if (target === null) throw new Error("the frame has no window");
  await now.connect(new PostMessageTransport(target, target));
  frame.src = `${sandbox}?host=${encodeURIComponent(location.origin)}`;
  await ready;
  await now.sendSandboxResourceReady({ html });
  await initialized;
  await now.sendToolInput({ arguments: input });
  await now.sendToolResult(result);
};

window.change = (context) => bridge?.setHostContext(context);
