/** What the buttons of a session do. Each throws ServerProblem. */

import { callTool } from "../../server/client";
import { ServerProblem } from "../../server/problem";
import type { SessionRow } from "../state";

/** End the session: release its notebooks, whose kernels stop where it alone used them. */
export async function closeSession(row: SessionRow): Promise<void> {
  for (const { notebook_path } of row.notebooks) {
    await callTool("unuse_notebook", { session_id: row.session_id, notebook_path });
  }
}

export async function interruptKernel(row: SessionRow, notebook_path: string): Promise<void> {
  await callTool("interrupt_kernel", { session_id: row.session_id, notebook_path });
}

/**
 * By a session of its own, so that the agent's is told that its variables are gone: of what a session does
 * itself it is not told. The person was asked: `confirm` says so where code of others runs there too.
 */
export async function restartKernel(row: SessionRow, notebook_path: string): Promise<void> {
  const kernel_id = row.notebooks.find((one) => one.notebook_path === notebook_path)?.kernel_id;
  let session_id: unknown;
  try {
    ({ session_id } = await callTool("use_notebook", { notebook_path, ...(kernel_id ? { kernel_id } : {}) }));
  } catch (error) {
    // A private kernel is its session's alone: only as that one it can be restarted.
    if (!(error instanceof ServerProblem) || error.code !== "kernel_taken") throw error;
    await restart(row.session_id, notebook_path);
    return;
  }
  try {
    await restart(session_id, notebook_path);
  } finally {
    await callTool("unuse_notebook", { session_id, notebook_path, kernel: "keep" });
  }
}

async function restart(session_id: unknown, notebook_path: string): Promise<void> {
  await callTool("restart_notebook", { session_id, notebook_path, confirm: true });
}
