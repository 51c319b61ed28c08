/** How long ago something was, in words. */

const STEPS = [
  [60, "second"],
  [60, "minute"],
  [24, "hour"],
] as const;

const words = new Intl.RelativeTimeFormat("en", { numeric: "auto" });

export function ago(at: number, now: number): string {
  let amount = Math.max(0, Math.round((now - at) / 1000));
  if (amount < 10) return "just now";
  for (const [size, unit] of STEPS) {
    if (amount < size) return words.format(-amount, unit);
    amount = Math.floor(amount / size);
  }
  return words.format(-amount, "day");
}
