/** What the quick actions did, the last one first, and how the last one ended. */

import { signal } from "@preact/signals";
import type { ToolResult } from "../../server/tool-stream";

export type Kind = "success" | "error" | "info";

export interface Entry {
  readonly id: number;
  readonly at: Date;
  readonly kind: Kind;
  readonly text: string;
  readonly result?: ToolResult;
  /** Reads on where the result had no room. */
  readonly onMore?: (() => void) | undefined;
}

const KEPT_ENTRIES = 200;
/** Results may be large. */
const KEPT_RESULTS = 20;

export const entries = signal<readonly Entry[]>([]);
let count = 0;

export function note(kind: Kind, text: string, result?: ToolResult, onMore?: () => void): void {
  const entry: Entry = { id: count++, at: new Date(), kind, text, onMore, ...(result ? { result } : {}) };
  entries.value = [entry, ...entries.value].slice(0, KEPT_ENTRIES).map((row, at) => {
    if (at < KEPT_RESULTS || row.result === undefined) return row;
    const { result: _, onMore: __, ...rest } = row;
    return rest;
  });
}

export function clearEntries(): void {
  entries.value = [];
}
