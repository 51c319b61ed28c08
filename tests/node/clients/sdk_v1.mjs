// The first version of the TypeScript SDK: `node sdk_v1.mjs '{"transport": ..., "notebook": ...}'`.
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { session } from "./session.mjs";

const given = JSON.parse(process.argv[2]);
const client = new Client({ name: "typescript-sdk-1", version: "1" });
const transport =
  given.transport === "stdio"
    ? new StdioClientTransport(given.server)
    : new StreamableHTTPClientTransport(new URL(given.url), {
        requestInit: { headers: given.headers },
      });
await client.connect(transport);
const callTool = (name, args, options) =>
  client.callTool({ name, arguments: args }, undefined, options);
const report = await session(client, callTool, given.notebook);
report.version = transport.protocolVersion ?? null;
await client.close();
console.log(JSON.stringify(report));
