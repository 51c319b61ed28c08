/** A table that sorts by its columns and pages through its rows. */

import { useMemo, useState } from "preact/hooks";
import "./data-table.css";
import { sorted, type TableData } from "./table-data";

const SIZES = [10, 25, 100];
const MOST_COLUMNS = 200;

interface Order {
  column: number;
  descending: boolean;
}

export function DataTable({ table }: { table: TableData }) {
  const [order, setOrder] = useState<Order | null>(null);
  const [size, setSize] = useState(10);
  const [page, setPage] = useState(0);
  const rows = useMemo(
    () => (order === null ? table.rows : sorted(table.rows, order.column, order.descending)),
    [table, order],
  );
  const last = Math.max(0, Math.ceil(rows.length / size) - 1);
  const at = Math.min(page, last);
  const columns = table.columns.slice(0, MOST_COLUMNS);
  function sortBy(column: number) {
    setPage(0);
    // Ascending, descending, as it came.
    if (order?.column !== column) setOrder({ column, descending: false });
    else setOrder(order.descending ? null : { column, descending: true });
  }
  return (
    <div class="data-table">
      <div class="data-table-scroll" tabIndex={0} role="region" aria-label="Table">
        <table>
          <thead>
            <tr>
              {columns.map((name, column) => (
                <th key={column} scope="col" aria-sort={direction(order, column)}>
                  <button type="button" onClick={() => sortBy(column)} title={`Sort by ${name || "index"}`}>
                    <span class={name ? "" : "data-table-index"}>{name || "index"}</span>
                    <span aria-hidden="true">{MARKS[direction(order, column)]}</span>
                  </button>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.slice(at * size, (at + 1) * size).map((row, key) => (
              <tr key={key}>
                {columns.map((_, column) =>
                  column < table.index ? (
                    <th key={column} scope="row">
                      {row[column] ?? ""}
                    </th>
                  ) : (
                    <td key={column} dir="auto">
                      {row[column] ?? ""}
                    </td>
                  ),
                )}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <div class="data-table-pages">
        <span role="status">
          {rows.length === 0
            ? "No rows"
            : `Rows ${count(at * size + 1)} to ${count(Math.min(rows.length, (at + 1) * size))} of ${count(rows.length)}`}
        </span>
        <button type="button" disabled={at === 0} onClick={() => setPage(at - 1)}>
          Previous
        </button>
        <button type="button" disabled={at === last} onClick={() => setPage(at + 1)}>
          Next
        </button>
        <label>
          Rows per page{" "}
          <select value={size} onChange={(event) => (setSize(Number(event.currentTarget.value)), setPage(0))}>
            {SIZES.map((one) => (
              <option key={one} value={one}>
                {one}
              </option>
            ))}
          </select>
        </label>
      </div>
      {table.columns.length > MOST_COLUMNS && (
        <p class="data-table-note">
          The first {MOST_COLUMNS} of {count(table.columns.length)} columns are shown.
        </p>
      )}
      {table.note && (
        <p class="data-table-note" dir="auto">
          {table.note}
        </p>
      )}
    </div>
  );
}

const MARKS = { none: "", ascending: " ▲", descending: " ▼" };

function direction(order: Order | null, column: number): "none" | "ascending" | "descending" {
  if (order?.column !== column) return "none";
  return order.descending ? "descending" : "ascending";
}

function count(number: number): string {
  return number.toLocaleString("en");
}
