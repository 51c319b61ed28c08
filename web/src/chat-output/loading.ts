/** The data of an output: what came by itself, and pages that are asked for. */

import { useEffect, useState } from "preact/hooks";
import { callTool, message } from "./host";
import { isRecord, type TypeData, type ViewData } from "./view-data";

export interface Loading {
  data: string;
  /** Characters of all of it. */
  size: number;
  /** Nothing more is coming. */
  done: boolean;
  problem: string | null;
}

const CHANGED =
  "The cell shows another output by now than when it was shown here: it has run again, or went on. Ask for show_output once more.";

/** `whole`: nothing can be shown of a part. Text comes a page at a time, as far as `wanted`. */
export function useLoading(view: ViewData, output: number, type: string, known: TypeData, wanted: number): Loading {
  const [loading, setLoading] = useState<Loading>(() => begun(known));
  useEffect(() => {
    const now = begun(known);
    setLoading(now);
    if (now.done) return;
    let left = false;
    void pages(view, output, type, known, wanted, (next) => {
      if (!left) setLoading(next);
      return !left;
    });
    return () => {
      left = true;
    };
  }, [view, output, type, known, wanted]);
  return loading;
}

function begun(known: TypeData): Loading {
  return { data: known.data ?? "", size: known.size, done: known.data !== undefined, problem: null };
}

async function pages(
  view: ViewData,
  output: number,
  type: string,
  known: TypeData,
  wanted: number,
  tell: (loading: Loading) => boolean,
): Promise<void> {
  const { session_id, notebook_path, cell_id, cell_index } = view;
  const cell = typeof cell_id === "string" ? { cell_id } : { cell_index };
  const named = { ...cell, output, mime_type: type, ...(session_id && { session_id }), ...(notebook_path && { notebook_path }) };
  const parts: string[] = [];
  let [length, size, digest] = [0, known.size, known.digest];
  try {
    do {
      const page = await callTool("read_output_data", { ...named, start: length });
      if (!isRecord(page) || typeof page["data"] !== "string") throw new Error("jmcp's answer has no data.");
      digest ??= String(page["digest"]);
      if (page["digest"] !== digest) throw new Error(CHANGED);
      size = Number(page["size"]);
      parts.push(page["data"]);
      length += page["data"].length;
      if (page["data"] === "" || length >= Math.min(size, wanted)) break;
      if (!tell({ data: "", size, done: false, problem: null })) return;
    } while (length < size);
    tell({ data: parts.join(""), size, done: true, problem: null });
  } catch (error) {
    tell({ data: parts.join(""), size, done: true, problem: message(error) });
  }
}
