/** What the buttons of a session do. Each throws ServerProblem. */

import { callTool } from "../../server/client";
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

/** The person was asked: `confirm` says so where the kernel runs code of others too. */
export async function restartKernel(row: SessionRow, notebook_path: string): Promise<void> {
  await callTool("restart_notebook", { session_id: row.session_id, notebook_path, confirm: true });
}
