/**
 * The page in a frame of another page, as in jmcp's workbench: that page may have a notebook or a cell shown.
 * It can ask for nothing else, and no page can whose origin is neither this server's nor one that its
 * configuration lets frame JupyterLab.
 */

import type { JupyterFrontEnd } from "@jupyterlab/application";
import { request, type Status } from "./server";
import type { Stage, Wanted } from "./workspace/show";

const PATH_CHARACTERS = 4_096;
const ID_CHARACTERS = 64;

/** What both sides' messages say that they are, so that those of others are passed over. */
const KIND = "jmcp-frame";

export async function bridge(app: JupyterFrontEnd, stage: Stage): Promise<void> {
  const { parent } = window;
  if (parent === window) return;
  await app.restored;
  const status = await request<Status>("GET", "status").catch(() => null);
  if (status === null) return;
  const origins = new Set([location.origin, ...(status.frame_ancestors ?? [])]);
  addEventListener("message", ({ source, origin, data }: MessageEvent<unknown>) => {
    if (source !== parent || !origins.has(origin)) return;
    const asked = command(data);
    if (asked === null) return;
    const { id, wanted } = asked;
    if (app.serviceManager.contents.driveName(wanted.path) !== "") return;
    const answer = (problem: string | null): void => {
      parent.postMessage({ kind: KIND, id, problem }, origin);
    };
    stage.show(wanted, false).then(
      (shown) => answer(typeof shown === "string" ? shown : null),
      (error: unknown) => answer(error instanceof Error ? error.message : String(error)),
    );
  });
  // To whatever page it is: this says only that there is jmcp, and who may frame it decides the browser.
  parent.postMessage({ kind: KIND, ready: true }, "*");
}

/** A message that asks for something; null for any other. */
function command(data: unknown): { id: number; wanted: Wanted } | null {
  if (typeof data !== "object" || data === null) return null;
  const { kind, id, path, cellId } = data as Record<string, unknown>;
  if (kind !== KIND || typeof id !== "number" || typeof path !== "string") return null;
  if (!path.endsWith(".ipynb") || path.length > PATH_CHARACTERS) return null;
  if (cellId !== null && (typeof cellId !== "string" || cellId.length > ID_CHARACTERS)) return null;
  return { id, wanted: { path, cellId, cellIndex: null } };
}
