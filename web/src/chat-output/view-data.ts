/** What show_output gives this page beside its result, and where the rest of it comes from. */

/** Data of one type: here, or with its digest to be asked for. */
export interface TypeData {
  size: number;
  data?: string;
  digest?: string;
}

export interface ViewOutput {
  output: number;
  output_type: string;
  name: string;
  sizes: Record<string, { width?: number; height?: number }>;
  types: Record<string, TypeData>;
}

export interface ViewData {
  session_id?: string;
  notebook_path?: string;
  cell_index?: number;
  cell_id?: string | null;
  execution_count?: number | null;
  output_count: number;
  /** The cell had not ended: these are its outputs until then. */
  running?: boolean;
  lab_url?: string | null;
  loaded_characters: number;
  outputs: ViewOutput[];
}

const LOADED_CHARACTERS = 8_000_000;

/** The data in the `_meta` of a result; null where the client has not passed that on. */
export function viewData(meta: Record<string, unknown> | undefined): ViewData | null {
  const found = meta?.["jmcp/output"];
  return isRecord(found) && Array.isArray(found["outputs"]) ? (found as unknown as ViewData) : null;
}

/** What can be asked for where only the result and the arguments of the call came. */
export function withoutData(result: unknown, given: Record<string, unknown>): ViewData | null {
  if (!isRecord(result) || !Array.isArray(result["viewed"])) return null;
  const outputs = result["viewed"].filter(isRecord).map((one) => ({
    output: Number(one["output"]),
    output_type: "",
    name: "",
    sizes: {},
    types: Object.fromEntries(list(one["mime_types"]).map((type) => [String(type), { size: Number(one["size"]) }])),
  }));
  const { session_id, notebook_path, cell_index, cell_id } = { ...given, ...result };
  return {
    ...(typeof session_id === "string" && { session_id }),
    ...(typeof notebook_path === "string" && { notebook_path }),
    ...(typeof cell_index === "number" && { cell_index }),
    ...(typeof cell_id === "string" && { cell_id }),
    output_count: outputs.length,
    loaded_characters: LOADED_CHARACTERS,
    outputs,
  };
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}
