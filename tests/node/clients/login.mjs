// One of the TypeScript SDKs logs in at a server with its URL alone: `node login.mjs '{"sdk": ..., "url": ...}'`.
// It prints the address for the browser, waits for the browser at a port of its own, and then what it may do.
import http from "node:http";

const given = JSON.parse(process.argv[2]);
const { Client, StreamableHTTPClientTransport, UnauthorizedError } =
  given.sdk === "v1"
    ? {
        ...(await import("@modelcontextprotocol/sdk/client/index.js")),
        ...(await import("@modelcontextprotocol/sdk/client/streamableHttp.js")),
        ...(await import("@modelcontextprotocol/sdk/client/auth.js")),
      }
    : await import("@modelcontextprotocol/client");

let told;
const answer = new Promise((resolve) => (told = resolve));
const listener = http.createServer((request, response) => {
  const url = new URL(request.url, "http://127.0.0.1");
  response.end("You may close this page.", () => told(url.searchParams));
});
await new Promise((resolve) => listener.listen(0, "127.0.0.1", resolve));
const redirectUrl = `http://127.0.0.1:${listener.address().port}/callback`;

const kept = {};
const provider = {
  redirectUrl,
  clientMetadata: {
    client_name: `TypeScript SDK ${given.sdk}`,
    redirect_uris: [redirectUrl],
    ...(given.method ? { token_endpoint_auth_method: given.method } : {}),
  },
  state: () => "a state",
  clientInformation: () => kept.client,
  saveClientInformation: (client) => void (kept.client = client),
  tokens: () => kept.tokens,
  saveTokens: (tokens) => void (kept.tokens = tokens),
  redirectToAuthorization: (url) => console.log(JSON.stringify({ open: String(url) })),
  saveCodeVerifier: (verifier) => void (kept.verifier = verifier),
  codeVerifier: () => kept.verifier,
};

const connect = async () => {
  const client = new Client({ name: "typescript", version: "1" });
  const transport = new StreamableHTTPClientTransport(new URL(given.url), {
    authProvider: provider,
  });
  try {
    await client.connect(transport);
    return client;
  } catch (error) {
    if (!(error instanceof UnauthorizedError)) throw error;
    const parameters = await answer;
    if (given.sdk === "v1") await transport.finishAuth(parameters.get("code"));
    else await transport.finishAuth(parameters);
    return undefined;
  }
};
const client = (await connect()) ?? (await connect());
listener.close();
const tools = (await client.listTools()).tools.map((tool) => tool.name);
const first = kept.tokens.access_token;
// As if the hour had passed: the transport refreshes by itself.
kept.tokens = { ...kept.tokens, access_token: "jmcp_at_expired" };
await client.listTools();
await client.close();
const refreshed = ![first, "jmcp_at_expired"].includes(kept.tokens.access_token);
console.log(JSON.stringify({ tools, refreshed, state: (await answer).get("state") }));
