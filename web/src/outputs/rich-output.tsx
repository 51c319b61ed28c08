/** The data of one output in one of its MIME types, as a person sees it. */

import { marked } from "marked";
import { Component } from "preact";
import { useMemo } from "preact/hooks";
import { AnsiText } from "./ansi-text";
import { Chart } from "./chart";
import { DataTable } from "./data-table";
import { formOf, isMadeByScripts } from "./forms";
import { HtmlFrame } from "./html-frame";
import { JsonTree } from "./json-tree";
import "./outputs.css";
import { Picture, type Size } from "./picture";
import { tableOfHtml, tableOfResource } from "./table-data";

interface Props {
  type: string;
  data: string;
  /** Of what it is, for who does not see it. */
  label: string;
  size?: Size;
}

/** What cannot be shown as what it says it is, as JSON that is nested too deeply, is shown as text. */
export class RichOutput extends Component<Props, { failed: boolean }> {
  override state = { failed: false };

  static getDerivedStateFromError() {
    return { failed: true };
  }

  override render({ data, label, ...props }: Props) {
    if (!this.state.failed) return <InItsForm data={data} label={label} {...props} />;
    return (
      <>
        <p role="note">This output cannot be shown as {props.type}: it is broken, or too deep. This is its data.</p>
        <AnsiText text={data} label={label} />
      </>
    );
  }
}

function InItsForm({ type, data, label, size = {} }: Props) {
  switch (formOf(type)) {
    case "image":
      return <Picture type={type} data={data} size={size} alt={label} />;
    case "html":
      return <Html html={data} label={label} />;
    case "markdown":
      return <Markdown text={data} label={label} />;
    case "table":
    case "chart":
    case "json":
      return <Json type={type} data={data} label={label} />;
    case "text":
      return <AnsiText text={data} label={label} />;
  }
}

function Html({ html, label }: { html: string; label: string }) {
  const table = useMemo(() => tableOfHtml(html), [html]);
  if (table !== null) return <DataTable table={table} />;
  if (isMadeByScripts(html)) {
    return (
      <p role="note">
        This HTML is made by its scripts, which do not run here: nothing of it can be shown. Choose another form of
        the output, or open the notebook in JupyterLab.
      </p>
    );
  }
  return <HtmlFrame html={html} title={label} />;
}

/** Markdown may hold any HTML: it is shown as that. */
function Markdown({ text, label }: { text: string; label: string }) {
  const html = useMemo(() => marked.parse(text, { async: false }), [text]);
  return <HtmlFrame html={html} title={label} />;
}

function Json({ type, data, label }: { type: string; data: string; label: string }) {
  const value = useMemo(() => parsed(data), [data]);
  if (value === undefined) return <AnsiText text={data} label={label} />;
  const table = formOf(type) === "table" ? tableOfResource(value) : null;
  if (table !== null) return <DataTable table={table} />;
  if (formOf(type) === "chart") return <Chart type={type} spec={value} label={label} />;
  return <JsonTree value={value} label={label} />;
}

/** Undefined for what is no JSON, or nested too deeply. */
function parsed(data: string): unknown {
  try {
    return JSON.parse(data) as unknown;
  } catch {
    return undefined;
  }
}
