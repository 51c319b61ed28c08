/** In which of its MIME types an output is shown, and how. */

/** The richest first. What is not here is shown as JSON or as text, after all of these. */
const ORDER = [
  "image/svg+xml",
  "image/png",
  "image/jpeg",
  "image/gif",
  "image/webp",
  "application/vnd.dataresource+json",
  "application/vnd.plotly.v1+json",
  "application/vnd.vegalite",
  "application/vnd.vega",
  "text/html",
  "text/markdown",
  "application/geo+json",
  "text/latex",
  "application/json",
  "text/plain",
];

export type Form = "image" | "table" | "chart" | "html" | "markdown" | "json" | "text";

export function formOf(type: string): Form {
  if (ORDER.indexOf(type) >= 0 && type.startsWith("image/")) return "image";
  if (type === "application/vnd.dataresource+json") return "table";
  if (/^application\/vnd\.(plotly|vega)/.test(type)) return "chart";
  if (type === "text/html") return "html";
  if (type === "text/markdown") return "markdown";
  return type.endsWith("json") ? "json" : "text";
}

/** Its types, the one that shows most first. */
export function ranked(types: readonly string[]): string[] {
  return [...types].sort((one, other) => rank(one) - rank(other) || one.localeCompare(other));
}

function rank(type: string): number {
  const at = ORDER.findIndex((known) => type === known || (known.includes("vega") && type.startsWith(`${known}.`)));
  return at >= 0 ? at : ORDER.length + (type.endsWith("json") ? 0 : 1);
}

/** Whether nothing of that HTML is there before its scripts have run, and they do not. */
export function isMadeByScripts(html: string): boolean {
  if (!/<script/i.test(html)) return false;
  const body = new DOMParser().parseFromString(html, "text/html").body;
  for (const unseen of body.querySelectorAll("script, style, template, noscript")) unseen.remove();
  return (body.textContent ?? "").trim() === "" && body.querySelector("img, svg, table, hr, input") === null;
}
