// An OpenID provider on a free port, for tests: who asks to log in as somebody (login_hint) is that one.
// It prints its issuer as a line of JSON, and ends with its stdin.
import http from "node:http";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const require = createRequire(`${process.env.MODULES}/`);
const { Provider } = await import(pathToFileURL(require.resolve("oidc-provider")).href);

const people = {
  ada: { email: "ada@example.org", email_verified: true, preferred_username: "ada" },
  bob: { email: "bob@example.org", email_verified: true, preferred_username: "bob" },
  eve: { email: "eve@example.com", email_verified: true, preferred_username: "eve" },
  mal: { email: "ada@example.org", email_verified: false, preferred_username: "mal" },
};
// What tests change while it runs, with POST /settings.
const settings = { format: "jwt", seconds: 3600, scope: "jmcp", person: "ada" };

const server = http.createServer();
await new Promise((done) => server.listen(0, "127.0.0.1", done));
const issuer = `http://127.0.0.1:${server.address().port}`;

const provider = new Provider(issuer, {
  clients: [
    {
      client_id: "jmcp",
      client_secret: "the secret of jmcp / with + signs",
      // Of a native client, so that any port will do.
      application_type: "native",
      redirect_uris: ["http://127.0.0.1/jmcp/login/callback"],
    },
  ],
  scopes: ["openid", "offline_access", "email", "jmcp"],
  claims: { openid: ["sub"], email: ["email", "email_verified"] },
  findAccount: (_, id) =>
    people[id] && { accountId: id, claims: () => ({ sub: id, ...people[id] }) },
  extraTokenClaims: (_, token) => people[token.accountId],
  issueRefreshToken: () => true,
  features: {
    devInteractions: { enabled: false },
    registration: { enabled: true },
    introspection: { enabled: true },
    revocation: { enabled: true },
    resourceIndicators: {
      enabled: true,
      useGrantedResource: () => true,
      getResourceServerInfo: (_, resource) => ({
        scope: settings.scope,
        audience: resource,
        accessTokenTTL: settings.seconds,
        accessTokenFormat: settings.format,
        jwt: { sign: { alg: "RS256" } },
      }),
    },
  },
  interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
});

async function interact(request, response) {
  const details = await provider.interactionDetails(request, response);
  const { params, prompt } = details;
  const accountId = details.session?.accountId ?? params.login_hint ?? settings.person;
  if (prompt.name === "login") {
    return provider.interactionFinished(request, response, { login: { accountId } });
  }
  const grant = new provider.Grant({ accountId, clientId: params.client_id });
  grant.addOIDCScope((prompt.details.missingOIDCScope ?? []).join(" "));
  for (const [resource, scopes] of Object.entries(prompt.details.missingResourceScopes ?? {})) {
    grant.addResourceScope(resource, scopes.join(" "));
  }
  const consent = { grantId: await grant.save() };
  return provider.interactionFinished(request, response, { consent }, { mergeWithLastSubmission: true });
}

const answer = provider.callback();
server.on("request", async (request, response) => {
  try {
    if (request.url.startsWith("/interaction/")) return await interact(request, response);
    if (request.url === "/settings") {
      const chunks = [];
      for await (const chunk of request) chunks.push(chunk);
      Object.assign(settings, JSON.parse(Buffer.concat(chunks).toString()));
      return response.end("{}");
    }
    return answer(request, response);
  } catch (error) {
    response.statusCode = 500;
    response.end(String(error));
  }
});
process.stdin.on("end", () => process.exit(0)).resume();
console.log(JSON.stringify({ issuer }));
