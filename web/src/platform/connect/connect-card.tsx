import { Card } from "../card";
import { CopyLine } from "../copy-line";
import { me } from "../state";
import { clientLines } from "./client-lines";

export function ConnectCard() {
  const person = me.data.value;
  if (!person) return null;
  return (
    <Card id="connect" title="Connect a client">
      <p>
        Your clients need this URL and nothing else. Each opens a browser in which you allow it; your server starts
        when it is called.
      </p>
      <CopyLine label="URL for MCP" text={person.mcp_url} />
      {clientLines(person.mcp_url).map(({ client, how, line }) => (
        <details key={client} class="connect-client">
          <summary>{client}</summary>
          <p class="quiet">{how}</p>
          <CopyLine label={`Line for ${client}`} text={line} />
        </details>
      ))}
      <details class="connect-client">
        <summary>A client that cannot log in, or a script</summary>
        <p class="quiet">
          Make a personal token below and send it as a header with each request, never in a URL. The same over REST,
          at:
        </p>
        <CopyLine label="Header" text="Authorization: Bearer jmcp_pt_..." />
        <CopyLine label="URL for REST" text={person.rest_url} />
      </details>
    </Card>
  );
}
