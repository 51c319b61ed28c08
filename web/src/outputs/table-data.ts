/** Tables within outputs, as data: of a DataFrame's HTML, and of Table Schema. */

export interface TableData {
  /** A column of the index has no header of its own. */
  columns: string[];
  /** How many columns at the left are the index. */
  index: number;
  rows: string[][];
  /** What stands beside the table, as how many rows there are in all. */
  note: string;
}

const MOST_CELLS = 2_000_000;

/**
 * The one table of a piece of HTML; null where there is more than that, which only the HTML shows.
 * The parser runs no script and loads nothing.
 */
export function tableOfHtml(html: string): TableData | null {
  if (!html.includes("<table")) return null;
  const body = new DOMParser().parseFromString(html, "text/html").body;
  for (const unseen of body.querySelectorAll("style, script, template")) unseen.remove();
  const tables = body.querySelectorAll("table");
  const table = tables[0];
  if (table === undefined || tables.length > 1) return null;
  if (table.querySelector("img, svg, a, input, button, canvas, video, iframe, object") !== null) return null;
  const header = [...table.querySelectorAll("thead tr")];
  const lines = [...table.querySelectorAll("tr")].filter((row) => row.closest("thead, tfoot") === null);
  if (header.length === 0 || lines.length === 0) return null;
  const above = grid(header);
  const rows = grid(lines);
  const width = Math.max(...rows.map((row) => row.length), ...above.map((row) => row.length));
  if (width === 0 || width * rows.length > MOST_CELLS) return null;
  const columns = Array.from({ length: width }, (_, at) =>
    [...new Set(above.map((row) => row[at] ?? ""))].filter(Boolean).join(" / "),
  );
  const index = Math.max(0, ...lines.map((row) => [...row.children].filter(isHeader).length));
  table.remove();
  return { columns, index: Math.min(index, width - 1), rows, note: textOf(body) };
}

function isHeader(cell: Element): boolean {
  return cell.tagName === "TH";
}

/** The texts of rows, where a cell that spans several is in each of them. */
function grid(rows: Element[]): string[][] {
  const found: string[][] = rows.map(() => []);
  rows.forEach((row, at) => {
    let column = 0;
    for (const cell of row.children) {
      const line = found[at];
      if (line === undefined) continue;
      while (line[column] !== undefined) column += 1;
      const text = textOf(cell);
      for (let down = 0; down < span(cell, "rowspan"); down += 1) {
        for (let right = 0; right < span(cell, "colspan"); right += 1) {
          const other = found[at + down];
          if (other !== undefined) other[column + right] = text;
        }
      }
    }
  });
  return found.map((line) => Array.from(line, (text) => text ?? ""));
}

function span(cell: Element, name: string): number {
  const count = Number(cell.getAttribute(name) ?? 1);
  return Number.isInteger(count) && count >= 1 && count <= 1000 ? count : 1;
}

function textOf(element: Element): string {
  return (element.textContent ?? "").replace(/\s+/g, " ").trim();
}

/** The table of `application/vnd.dataresource+json`, and null for what is none. */
export function tableOfResource(value: unknown): TableData | null {
  const { schema, data } = record(value);
  const { fields, primaryKey } = record(schema);
  if (!Array.isArray(fields) || !Array.isArray(data)) return null;
  const names = fields.map((field) => String(record(field)["name"] ?? ""));
  if (names.length === 0 || names.length * data.length > MOST_CELLS) return null;
  const keys = new Set(([] as unknown[]).concat(primaryKey ?? []).map(String));
  const order = [...names.filter((name) => keys.has(name)), ...names.filter((name) => !keys.has(name))];
  return {
    columns: order.map((name) => (keys.has(name) && name === "index" ? "" : name)),
    index: order.filter((name) => keys.has(name)).length,
    rows: data.map((row) => order.map((name) => shown(record(row)[name]))),
    note: "",
  };
}

function shown(value: unknown): string {
  if (value === null || value === undefined) return "";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

export function record(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}

/** The rows in the order of a column: as numbers where that is what they are, what is empty last. */
export function sorted(rows: string[][], column: number, descending: boolean): string[][] {
  const numbers = rows.map((row) => numberOf(row[column] ?? ""));
  const numeric = numbers.every((number, at) => number !== null || isEmpty(rows[at]?.[column] ?? ""));
  const order = rows.map((_, at) => at);
  const words = new Intl.Collator("en", { numeric: true });
  const sign = descending ? -1 : 1;
  order.sort((one, other) => {
    const [left, right] = [rows[one]?.[column] ?? "", rows[other]?.[column] ?? ""];
    if (isEmpty(left) || isEmpty(right)) return Number(isEmpty(left)) - Number(isEmpty(right)) || one - other;
    const by = numeric ? (numbers[one] ?? 0) - (numbers[other] ?? 0) : words.compare(left, right);
    return sign * by || one - other;
  });
  return order.map((at) => rows[at] ?? []);
}

function isEmpty(text: string): boolean {
  return /^(|nan|none|null|nat|<na>|\.\.\.)$/i.test(text);
}

function numberOf(text: string): number | null {
  const plain = text.replaceAll(/[,_\s]/g, "").replace(/%$/, "");
  if (!/^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$|^[-+]?inf(inity)?$/i.test(plain)) return null;
  return /inf/i.test(plain) ? (plain.startsWith("-") ? -Infinity : Infinity) : Number(plain);
}
