/** Text with the control sequences of terminals, as runs of one style. Everything stays text. */

export interface Style {
  bold: boolean;
  dim: boolean;
  italic: boolean;
  underline: boolean;
  struck: boolean;
  inverse: boolean;
  /** A number of the palette (0 to 15), or a CSS colour. */
  colour: number | string | null;
  background: number | string | null;
}

export interface Run {
  text: string;
  style: Style;
}

const PLAIN: Style = {
  bold: false,
  dim: false,
  italic: false,
  underline: false,
  struck: false,
  inverse: false,
  colour: null,
  background: null,
};
/** CSI, OSC (titles, links), other escapes, and controls other than tab and line ends. */
// eslint-disable-next-line no-control-regex
const CONTROLS =
  /\x1b\[([0-9;:]*)[ -/]*([@-~])|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[ -/]*[0-Z\\^-~]?|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]/g;

export function styledRuns(text: string): Run[] {
  const runs: Run[] = [];
  let style = PLAIN;
  let from = 0;
  const source = overwritten(text);
  for (const found of source.matchAll(CONTROLS)) {
    if (found.index > from) runs.push({ text: source.slice(from, found.index), style });
    from = found.index + found[0].length;
    if (found[2] === "m") style = changed(style, found[1] ?? "");
  }
  if (from < source.length) runs.push({ text: source.slice(from), style });
  return runs;
}

/** A line that begins anew after a carriage return, as progress bars do, is what was written last. */
function overwritten(text: string): string {
  if (!text.includes("\r")) return text;
  return text
    .replaceAll("\r\n", "\n")
    .split("\n")
    .map((line) => line.replace(/\r+$/, "").split("\r").at(-1) ?? "")
    .join("\n");
}

function changed(before: Style, codes: string): Style {
  const numbers = codes.split(/[;:]/).map((code) => Number(code || 0));
  let style = before;
  for (let at = 0; at < numbers.length; at += 1) {
    const code = numbers[at] ?? 0;
    if (code === 38 || code === 48) {
      const [colour, used] = extended(numbers.slice(at + 1));
      at += used;
      style = { ...style, [code === 38 ? "colour" : "background"]: colour };
    } else {
      style = { ...style, ...plainly(code) };
    }
  }
  return style;
}

function plainly(code: number): Partial<Style> {
  if (code === 0) return PLAIN;
  if (code >= 30 && code <= 37) return { colour: code - 30 };
  if (code >= 90 && code <= 97) return { colour: code - 82 };
  if (code >= 40 && code <= 47) return { background: code - 40 };
  if (code >= 100 && code <= 107) return { background: code - 92 };
  const others: Record<number, Partial<Style>> = {
    1: { bold: true },
    2: { dim: true },
    3: { italic: true },
    4: { underline: true },
    7: { inverse: true },
    9: { struck: true },
    22: { bold: false, dim: false },
    23: { italic: false },
    24: { underline: false },
    27: { inverse: false },
    29: { struck: false },
    39: { colour: null },
    49: { background: null },
  };
  return others[code] ?? {};
}

/** A colour of 256 or of 24 bits, and how many numbers it took. */
function extended(numbers: number[]): [number | string | null, number] {
  if (numbers[0] === 2) return [`rgb(${numbers.slice(1, 4).map(byte).join(" ")})`, 4];
  if (numbers[0] !== 5) return [null, 0];
  const code = byte(numbers[1] ?? 0);
  if (code < 16) return [code, 2];
  if (code >= 232) return [`rgb(${Array(3).fill(8 + (code - 232) * 10).join(" ")})`, 2];
  const steps = [Math.floor((code - 16) / 36), Math.floor((code - 16) / 6) % 6, (code - 16) % 6];
  return [`rgb(${steps.map((step) => (step === 0 ? 0 : 55 + step * 40)).join(" ")})`, 2];
}

function byte(number: number): number {
  return Math.min(255, Math.max(0, Math.trunc(number) || 0));
}
