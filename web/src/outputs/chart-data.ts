/** What is in a chart of Plotly or Vega-Lite: its data as a table, and simple charts as series. */

import { record, type TableData } from "./table-data";

export interface Series {
  name: string;
  kind: "line" | "points" | "bars" | "area";
  x: (number | string)[];
  y: number[];
}

export interface ChartData {
  title: string;
  /** The titles of the axes. */
  axes: [string, string];
  /** Whether x are moments, in milliseconds. */
  time: boolean;
  /** None where this is a chart that is not drawn here. */
  series: Series[] | null;
  table: TableData | null;
}

const MOST_ROWS = 100_000;
type Row = Record<string, unknown>;

export function chartOf(type: string, spec: unknown): ChartData {
  return type.includes("plotly") ? plotly(record(spec)) : vega(record(spec));
}

function plotly(spec: Row): ChartData {
  const traces = list(spec["data"]).map(record);
  const layout = record(spec["layout"]);
  const drawn = traces.map(plotlySeries);
  const columns = ["x", "y", "z", "labels", "values"].filter((name) => traces.some((one) => vector(one[name]).length));
  const rows = traces.flatMap((trace, at) => {
    const parts = columns.map((name) => vector(trace[name]));
    const length = Math.max(0, ...parts.map((part) => part.length));
    const name = text(trace["name"]) || `trace ${at}`;
    return Array.from({ length }, (_, row) => [name, ...parts.map((part) => cell(part[row]))]);
  });
  const series = drawn.every((one) => one !== null) && drawn.length > 0 ? drawn : null;
  return {
    title: titled(layout["title"]),
    axes: [titled(record(layout["xaxis"])["title"]), titled(record(layout["yaxis"])["title"])],
    ...moments(series),
    table: rows.length > 0 && rows.length <= MOST_ROWS ? { columns: ["trace", ...columns], index: 1, rows, note: "" } : null,
  };
}

function plotlySeries(trace: Row): Series | null {
  const type = text(trace["type"]) || "scatter";
  const mode = text(trace["mode"]) || "lines";
  const y = vector(trace["y"]).map(Number);
  const given = vector(trace["x"]);
  const x = given.length > 0 ? given.map(coordinate) : y.map((_, at) => at);
  if (y.length === 0 || x.length !== y.length || trace["orientation"] === "h") return null;
  const name = text(trace["name"]);
  if (type === "bar") return { name, kind: "bars", x, y };
  if (type !== "scatter" && type !== "scattergl") return null;
  const area = trace["fill"] === "tozeroy";
  return { name, kind: area ? "area" : mode.includes("lines") ? "line" : "points", x, y };
}

const MARKS: Record<string, Series["kind"]> = {
  line: "line",
  trail: "line",
  point: "points",
  circle: "points",
  square: "points",
  bar: "bars",
  area: "area",
};

function vega(spec: Row): ChartData {
  const data = record(spec["data"]);
  const named = record(spec["datasets"])[text(data["name"])];
  // Vega itself has a list of data sets.
  const listed = list(spec["data"]).map((one) => record(one)["values"]);
  const rows = list(data["values"] ?? named ?? listed.find(Array.isArray)).map(record);
  const columns = [...new Set(rows.slice(0, 1000).flatMap(Object.keys))];
  const mark = text(spec["mark"]) || text(record(spec["mark"])["type"]);
  const encoding = record(spec["encoding"]);
  const [x, y, colour] = ["x", "y", "color"].map((name) => record(encoding[name])) as [Row, Row, Row];
  const plain = [x, y].every((one) => text(one["field"]) && !one["aggregate"] && !one["bin"] && !one["timeUnit"]);
  const kind = MARKS[mark];
  const drawn = plain && kind !== undefined && rows.length > 0 && spec["transform"] === undefined;
  return {
    title: titled(spec["title"]),
    axes: [titled(x["title"]) || text(x["field"]), titled(y["title"]) || text(y["field"])],
    ...moments(drawn ? grouped(rows, kind, text(x["field"]), text(y["field"]), text(colour["field"])) : null),
    table:
      rows.length > 0 && rows.length <= MOST_ROWS
        ? { columns, index: 0, rows: rows.map((row) => columns.map((name) => cell(row[name]))), note: "" }
        : null,
  };
}

function grouped(rows: Row[], kind: Series["kind"], x: string, y: string, colour: string): Series[] | null {
  const found = new Map<string, Series>();
  for (const row of rows) {
    const name = colour ? cell(row[colour]) : "";
    const series = found.get(name) ?? { name, kind, x: [], y: [] };
    found.set(name, series);
    series.x.push(coordinate(row[x]));
    series.y.push(Number(row[y]));
  }
  const series = [...found.values()];
  return series.some((one) => one.y.some(Number.isNaN)) ? null : series;
}

/** Words that are all dates become moments; else numbers and words stay apart. */
function moments(series: Series[] | null): { series: Series[] | null; time: boolean } {
  const every = series?.flatMap((one) => one.x) ?? [];
  const time = every.length > 0 && every.every((one) => typeof one === "string" && /^\d{4}-\d\d(-\d\d|$)/.test(one));
  if (series === null || !time) return { series, time: false };
  return { series: series.map((one) => ({ ...one, x: one.x.map((word) => Date.parse(String(word))) })), time };
}

/** An array of Plotly, which may be the base64 of a typed one. */
function vector(value: unknown): unknown[] {
  if (Array.isArray(value)) return value;
  const { dtype, bdata } = record(value);
  const Kind = TYPED[text(dtype)];
  if (Kind === undefined || typeof bdata !== "string") return [];
  try {
    const bytes = Uint8Array.from(atob(bdata), (letter) => letter.charCodeAt(0));
    return Array.from(new Kind(bytes.buffer));
  } catch {
    return [];
  }
}

const TYPED: Record<string, new (buffer: ArrayBuffer) => ArrayLike<number>> = {
  f8: Float64Array,
  f4: Float32Array,
  i4: Int32Array,
  u4: Uint32Array,
  i2: Int16Array,
  u2: Uint16Array,
  i1: Int8Array,
  u1: Uint8Array,
};

function titled(value: unknown): string {
  return (text(value) || text(record(value)["text"])).replaceAll(/<[^>]*>/g, "");
}

function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function coordinate(value: unknown): number | string {
  return typeof value === "number" ? value : cell(value);
}

function cell(value: unknown): string {
  if (value === null || value === undefined) return "";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
