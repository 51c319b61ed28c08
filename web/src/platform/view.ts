/** Which part of the page is shown, which its address says, so that Back works. */

import { signal } from "@preact/signals";

export const VIEWS = ["overview", "workbench", "administration"] as const;
export type View = (typeof VIEWS)[number];

export const view = signal<View>(shown());

addEventListener("hashchange", () => (view.value = shown()));

function shown(): View {
  const named = location.hash.slice(1);
  return VIEWS.find((one) => one === named) ?? "overview";
}
