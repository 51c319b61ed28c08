/** Light, dark, or as the person's system has it; kept for the next time. */

import { effect, signal } from "@preact/signals";
import { keep, kept } from "../server/storage";

const KEY = "jmcp.theme";
export const THEMES = ["system", "light", "dark"] as const;
export type Theme = (typeof THEMES)[number];

const before = kept("browser", KEY);
export const theme = signal<Theme>(THEMES.find((one) => one === before) ?? "system");

effect(() => {
  const root = document.documentElement;
  if (theme.value === "system") delete root.dataset.theme;
  else root.dataset.theme = theme.value;
  keep("browser", KEY, theme.value);
});
