// The second version of the TypeScript SDK, in the protocol era that is asked for: `legacy` or `auto`.
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { session } from "./session.mjs";

const given = JSON.parse(process.argv[2]);
const client = new Client(
  { name: "typescript-sdk-2", version: "1" },
  { versionNegotiation: { mode: given.era } },
);
const transport =
  given.transport === "stdio"
    ? new StdioClientTransport(given.server)
    : new StreamableHTTPClientTransport(new URL(given.url), {
        requestInit: { headers: given.headers },
      });
await client.connect(transport);
const callTool = (name, args, options) => client.callTool({ name, arguments: args }, options);
const report = await session(client, callTool, given.notebook);
report.version = client.getNegotiatedProtocolVersion();
await client.close();
console.log(JSON.stringify(report));
