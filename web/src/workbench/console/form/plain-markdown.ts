/** In place of markdown-to-jsx, which the form library would use for descriptions in markdown: the
 * descriptions of tools are plain text, and its parser would be a fifth of the form's code. */

import type { ComponentChildren } from "preact";

export function Markdown({ children }: { children?: ComponentChildren }) {
  return children;
}
