/** Where JupyterLab is, and the URLs of its pages. */

import { signal } from "@preact/signals";
import { basePath } from "../../server/address";

const WORKSPACE = "jmcp";
/** So many tabs of the page have a workspace of their own at once; JupyterLab names those of more. */
const WORKSPACES = 8;

/** As the server says: a URL, or a path where it is on this server; null: nowhere, undefined: not told yet. */
export const labUrl = signal<string | null | undefined>(undefined);

/** Below which URL JupyterLab's pages are, with a slash at its end. On this server that is below the page's
 * own base: the server's may be another one behind a proxy, and its name another than the page was opened with. */
export function labBase(): string | null {
  const told = labUrl.value;
  if (!told) return null;
  return told.startsWith("/") ? `${location.origin}${basePath()}/` : told;
}

export function labOrigin(): string | null {
  const base = labBase();
  return base === null ? null : new URL(base).origin;
}

/** The page with that notebook alone, percent-encoded; without one, an empty JupyterLab. */
export function labPage(base: string, workspace: string, path: string | null): string {
  const encoded = path === null ? "" : `/tree/${path.split("/").map(encodeURIComponent).join("/")}`;
  return `${base}lab/workspaces/${workspace}${encoded}?reset`;
}

/** The page of a notebook beside the tabs that the person has in JupyterLab. */
export function labTab(base: string, path: string | null): string {
  const encoded = path === null ? "" : `/tree/${path.split("/").map(encodeURIComponent).join("/")}`;
  return `${base}lab${encoded}`;
}

let workspace: Promise<string> | undefined;

/**
 * The workspace of this tab, which no other tab of the page has: JupyterLab leaves one that another tab has
 * open, with a reload, for an empty one. A lock tells, for as long as the tab lives; over plain HTTP from
 * another machine browsers have no locks.
 */
export function ownWorkspace(): Promise<string> {
  workspace ??= "locks" in navigator ? firstFree() : Promise.resolve(WORKSPACE);
  return workspace;
}

async function firstFree(): Promise<string> {
  for (let number = 1; number <= WORKSPACES; number += 1) {
    const name = number === 1 ? WORKSPACE : `${WORKSPACE}-${number}`;
    if (await held(name)) return name;
  }
  return WORKSPACE;
}

function held(name: string): Promise<boolean> {
  return new Promise((resolve) => {
    void navigator.locks.request(`jmcp.workspace.${name}`, { ifAvailable: true }, (lock) => {
      resolve(lock !== null);
      return lock === null ? undefined : new Promise<void>(() => undefined);
    });
  });
}
