/** A chart of Plotly or Vega: simple ones are drawn, and all show their data. */

import { useMemo } from "preact/hooks";
import { chartOf } from "./chart-data";
import { ChartDrawing, canDraw } from "./chart-drawing";
import "./chart.css";
import { DataTable } from "./data-table";
import { JsonTree } from "./json-tree";

export function Chart({ type, spec, label }: { type: string; spec: unknown; label: string }) {
  const chart = useMemo(() => chartOf(type, spec), [type, spec]);
  const library = type.includes("plotly") ? "Plotly" : "Vega";
  const drawn = chart.series !== null && canDraw(chart.series);
  return (
    <div class="chart">
      {drawn && chart.series !== null && <ChartDrawing chart={chart} series={chart.series} label={label} />}
      <p class="chart-note" role="note">
        {drawn
          ? `A plain drawing of a chart of ${library}, without its styles and what it does at a click; JupyterLab shows all of it.`
          : `This chart of ${library} is not drawn here; JupyterLab shows it. This is what it is made of.`}
      </p>
      {chart.table !== null ? (
        <details open={!drawn}>
          <summary>Data of the chart</summary>
          <DataTable table={chart.table} />
        </details>
      ) : (
        !drawn && <JsonTree value={spec} label={label} />
      )}
    </div>
  );
}
