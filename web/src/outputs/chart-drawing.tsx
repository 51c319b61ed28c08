/** Series as an SVG: lines, points, bars, areas, on one pair of axes. */

import type { ChartData, Series } from "./chart-data";

const WIDTH = 720;
const HEIGHT = 380;
const LEFT = 62;
const RIGHT = 12;
const TOP = 26;
const BOTTOM = 46;
const MOST_POINTS = 20_000;
const MOST_SERIES = 12;
const COLOURS = 6;

export function canDraw(series: Series[]): boolean {
  const points = series.reduce((sum, one) => sum + one.y.length, 0);
  return series.length <= MOST_SERIES && points > 0 && points <= MOST_POINTS && series.every((one) => one.y.some(Number.isFinite));
}

export function ChartDrawing({ chart, series, label }: { chart: ChartData; series: Series[]; label: string }) {
  const x = horizontal(series, chart.time);
  const y = vertical(series);
  const bars = series.filter((one) => one.kind === "bars");
  return (
    <figure>
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={chart.title || label}>
        <text class="chart-title" x={LEFT} y={16}>
          {short(chart.title, 90)}
        </text>
        {y.ticks.map(([value, name]) => (
          <g key={name}>
            <line class="chart-grid" x1={LEFT} x2={WIDTH - RIGHT} y1={y.at(value)} y2={y.at(value)} />
            <text x={LEFT - 6} y={y.at(value) + 4} text-anchor="end">
              {short(name, 10)}
            </text>
          </g>
        ))}
        {x.ticks.map(([value, name]) => (
          <text key={name} x={x.at(value)} y={HEIGHT - BOTTOM + 16} text-anchor="middle">
            {short(name, 14)}
          </text>
        ))}
        <text x={(LEFT + WIDTH - RIGHT) / 2} y={HEIGHT - 8} text-anchor="middle">
          {short(chart.axes[0], 80)}
        </text>
        <text transform={`translate(13 ${(TOP + HEIGHT - BOTTOM) / 2}) rotate(-90)`} text-anchor="middle">
          {short(chart.axes[1], 40)}
        </text>
        {series.map((one, at) => (
          <g key={at} class={`chart-series-${at % COLOURS}`}>
            <Marks series={one} x={x} y={y} number={bars.indexOf(one)} of={bars.length} />
          </g>
        ))}
      </svg>
      {series.some((one) => one.name) && (
        <ul class="chart-legend">
          {series.map((one, at) => (
            <li key={at} class={`chart-series-${at % COLOURS}`}>
              <span dir="auto">{short(one.name, 60) || `series ${at}`}</span>
            </li>
          ))}
        </ul>
      )}
    </figure>
  );
}

interface Scale {
  at: (value: number | string) => number;
  ticks: [number | string, string][];
  /** Pixels of one category. */
  step: number;
}

interface MarksProps {
  series: Series;
  x: Scale;
  y: Scale;
  /** Among the series of bars, which stand beside each other. */
  number: number;
  of: number;
}

function Marks({ series, x, y, number, of }: MarksProps) {
  const points = series.y
    .map((value, at) => [x.at(series.x[at] ?? at), y.at(value)] as const)
    .filter(([left, top]) => Number.isFinite(left) && Number.isFinite(top));
  if (series.kind === "points") {
    return <>{points.map(([left, top], at) => <circle key={at} cx={left} cy={top} r={3} fill="currentColor" />)}</>;
  }
  const zero = y.at(0);
  if (series.kind === "bars") {
    const width = Math.max(1, (x.step * 0.8) / of);
    return (
      <>
        {points.map(([left, top], at) => (
          <rect
            key={at}
            x={left - (width * of) / 2 + number * width}
            y={Math.min(top, zero)}
            width={width}
            height={Math.abs(zero - top)}
            fill="currentColor"
          />
        ))}
      </>
    );
  }
  const line = points.map(([left, top]) => `${left.toFixed(1)} ${top.toFixed(1)}`).join("L");
  const [first, last] = [points[0], points.at(-1)];
  return (
    <>
      {series.kind === "area" && first && last && (
        <path d={`M${first[0]} ${zero}L${line}L${last[0]} ${zero}Z`} fill="currentColor" fill-opacity={0.25} />
      )}
      <path d={`M${line}`} fill="none" stroke="currentColor" stroke-width={1.8} />
    </>
  );
}

function horizontal(series: Series[], time: boolean): Scale {
  const every = series.flatMap((one) => one.x);
  const width = WIDTH - LEFT - RIGHT;
  if (every.some((one) => typeof one === "string")) {
    const names = [...new Set(every.map(String))];
    const step = width / names.length;
    const places = new Map(names.map((name, at) => [name, LEFT + (at + 0.5) * step]));
    const each = Math.ceil(names.length / 12);
    return {
      at: (value) => places.get(String(value)) ?? Number.NaN,
      ticks: names.filter((_, at) => at % each === 0).map((name) => [name, name]),
      step,
    };
  }
  const numbers = every.map(Number).filter(Number.isFinite);
  const [low, high] = bounds(numbers, series.some((one) => one.kind === "bars") ? 0.5 : 0);
  const at = (value: number | string) => LEFT + ((Number(value) - low) / (high - low)) * width;
  const named = (value: number) => (time ? new Date(value).toISOString().slice(0, 10) : plain(value));
  const ticks = time ? [0.1, 0.3, 0.5, 0.7, 0.9].map((part) => low + part * (high - low)) : round(low, high);
  return { at, ticks: ticks.map((value) => [value, named(value)]), step: width / Math.max(1, new Set(numbers).size) };
}

function vertical(series: Series[]): Scale {
  const from = series.some((one) => one.kind === "bars" || one.kind === "area") ? [0] : [];
  const [low, high] = bounds([...series.flatMap((one) => one.y).filter(Number.isFinite), ...from], 0);
  const height = HEIGHT - TOP - BOTTOM;
  const at = (value: number | string) => HEIGHT - BOTTOM - ((Number(value) - low) / (high - low)) * height;
  return { at, ticks: round(low, high).map((value) => [value, plain(value)]), step: 0 };
}

function bounds(numbers: number[], margin: number): [number, number] {
  let [low, high] = [Infinity, -Infinity];
  for (const one of numbers) [low, high] = [Math.min(low, one), Math.max(high, one)];
  if (low === high) return [low - 1, high + 1];
  return [low - margin, high + margin];
}

/** Some five round numbers between two. */
function round(low: number, high: number): number[] {
  const rough = (high - low) / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5, 10].find((one) => one * power >= rough) ?? 10);
  const first = Math.ceil(low / step);
  const count = Math.min(20, Math.floor(high / step) - first + 1);
  return Array.from({ length: Math.max(0, count) }, (_, at) => (first + at) * step);
}

function plain(value: number): string {
  return Math.abs(value) >= 1e6 || (value !== 0 && Math.abs(value) < 1e-4)
    ? value.toExponential(1)
    : String(Number(value.toPrecision(6)));
}

function short(text: string, characters: number): string {
  return text.length <= characters ? text : `${text.slice(0, characters - 1)}…`;
}
