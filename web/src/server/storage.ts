/**
 * What a page keeps in its browser: in `tab` until the tab closes, in `browser` for the next time. A
 * browser that keeps nothing for it (another site's frame, a person's choice) throws at each access;
 * then it is kept for as long as the page lives.
 */

const held = new Map<string, string>();

export type Place = "tab" | "browser";

export function kept(place: Place, key: string): string | null {
  try {
    return area(place).getItem(key);
  } catch {
    return held.get(key) ?? null;
  }
}

export function keep(place: Place, key: string, value: string | null): void {
  if (value === null) held.delete(key);
  else held.set(key, value);
  try {
    if (value === null) area(place).removeItem(key);
    else area(place).setItem(key, value);
  } catch {
    // Kept above.
  }
}

function area(place: Place): Storage {
  return place === "tab" ? sessionStorage : localStorage;
}
