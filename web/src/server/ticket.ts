/**
 * A ticket in the page's URL, behind its #, which browsers send to nobody: good once and for a minute,
 * for a token that the page keeps as long as its tab lives.
 */

import { signal } from "@preact/signals";
import { serverUrl } from "./address";
import { setToken } from "./credentials";
import { ServerProblem, UNREACHABLE, problemOf } from "./problem";

const NAME = "ticket";

/** Why the ticket that the page came with let nobody in. */
export const ticketRefusal = signal<string | null>(null);

/** The ticket in the address, which leaves it and the browser's history at once. */
export function takeTicket(): string | null {
  const fragment = new URLSearchParams(location.hash.slice(1));
  const ticket = fragment.get(NAME);
  if (ticket !== null) history.replaceState(history.state, "", location.pathname + location.search);
  return ticket;
}

/** Be who the ticket is for. Whoever is known already stays so where it is refused. */
export async function enterWith(ticket: string): Promise<void> {
  ticketRefusal.value = null;
  try {
    setToken(await redeemed(ticket));
  } catch (error) {
    if (!(error instanceof ServerProblem)) throw error;
    ticketRefusal.value = error.message;
  }
}

async function redeemed(ticket: string): Promise<string> {
  let response: Response;
  try {
    response = await fetch(serverUrl("/jmcp/v1/tickets/redemption"), {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ ticket }),
      cache: "no-store",
      credentials: "omit",
    });
  } catch {
    throw new ServerProblem(UNREACHABLE);
  }
  if (!response.ok) throw await problemOf(response);
  return ((await response.json()) as { token: string }).token;
}
