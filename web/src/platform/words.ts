/** Times and sizes in words. */

import { ago } from "../workbench/sessions/ago";
import { now } from "./state";

const date = new Intl.DateTimeFormat("en", { dateStyle: "medium", timeStyle: "short" });
const UNITS = ["B", "KiB", "MiB", "GiB", "TiB"];

/** How long ago, of a time as the API has it: ISO 8601, or seconds since the epoch. */
export function since(time: string | number): string {
  return ago(milliseconds(time), now.value);
}

export function onDate(time: string | number): string {
  return date.format(milliseconds(time));
}

export function size(bytes: number): string {
  let amount = bytes;
  let unit = 0;
  while (amount >= 1024 && unit < UNITS.length - 1) {
    amount /= 1024;
    unit += 1;
  }
  return `${amount >= 100 || unit === 0 ? Math.round(amount) : amount.toFixed(1)} ${UNITS[unit]}`;
}

function milliseconds(time: string | number): number {
  return typeof time === "number" ? time * 1000 : Date.parse(time);
}
