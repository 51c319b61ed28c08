/** HTML of an output in a frame of its own: no script runs in it, it has no origin and loads nothing. */

import { useEffect, useRef, useState } from "preact/hooks";
import "./html-frame.css";

/** What a frame may show: its own styles, and images and fonts that are in the HTML itself. */
const POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; media-src data:; form-action 'none'";
const STYLE = `
  :root { color-scheme: light; }
  body { margin: 8px; background: #fff; color: #1b232b; font: 14px/1.45 system-ui, sans-serif; overflow-wrap: anywhere; }
  table { border-collapse: collapse; } th, td { padding: 2px 8px; border: 1px solid #cfd6dd; }
  pre { white-space: pre-wrap; } img { max-width: 100%; height: auto; }`;

export function HtmlFrame({ html, title }: { html: string; title: string }) {
  const [refused, setRefused] = useState(false);
  const frame = useRef<HTMLIFrameElement>(null);
  useEffect(() => {
    // Where the page around this one allows no frames, that is said, and nothing stays empty.
    function onViolation(event: SecurityPolicyViolationEvent) {
      if (event.effectiveDirective === "frame-src" || event.effectiveDirective === "child-src") setRefused(true);
    }
    document.addEventListener("securitypolicyviolation", onViolation);
    return () => document.removeEventListener("securitypolicyviolation", onViolation);
  }, []);
  if (refused) {
    return (
      <p class="html-frame-note" role="note">
        This HTML is not shown: the program around this page allows no frame for it. Choose another form of the
        output.
      </p>
    );
  }
  return (
    <div class="html-frame">
      <iframe ref={frame} title={title} sandbox="" referrerpolicy="no-referrer" srcdoc={page(html)} />
      <p class="html-frame-note">Scripts in this HTML do not run here, and nothing is loaded for it.</p>
    </div>
  );
}

/** The policy is the first thing in the document: nothing in `html` comes before it. */
function page(html: string): string {
  return (
    `<!doctype html><html><head><meta http-equiv="Content-Security-Policy" content="${POLICY}">` +
    `<meta charset="utf-8"><style>${STYLE}</style></head><body>${html}</body></html>`
  );
}
