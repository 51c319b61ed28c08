/**
 * Who the page is to the server. Inside Jupyter that is the login cookie of the browser, for which
 * Jupyter wants its XSRF cookie repeated in a header. A server of its own wants a token; the page
 * keeps it for as long as its tab lives, and sends it in a header only.
 */

import { signal } from "@preact/signals";
import { keep, kept } from "./storage";

const KEY = "jmcp.token";

const token = signal<string | null>(kept("tab", KEY));

export function setToken(value: string | null): void {
  token.value = value;
  keep("tab", KEY, value);
}

export function hasToken(): boolean {
  return token.value !== null;
}

/** The headers that say who sends a request. */
export function credentialHeaders(): Record<string, string> {
  if (token.value !== null) return { Authorization: `Bearer ${token.value}` };
  const xsrf = cookie("_xsrf");
  return xsrf === undefined ? {} : { "X-XSRFToken": xsrf };
}

function cookie(name: string): string | undefined {
  for (const part of document.cookie.split("; ")) {
    const at = part.indexOf("=");
    if (part.slice(0, at) === name) return decodeURIComponent(part.slice(at + 1));
  }
  return undefined;
}
