/** Rows of a long list are one stop of the Tab key; arrow keys, Home and End move among them. */

const ROW = "button[data-row]";

/** Make the row that has the focus, or had it last, or the first, the one that Tab comes to. */
export function oneTabStop(list: HTMLElement | null): void {
  if (list === null) return;
  const focused = document.activeElement?.closest<HTMLElement>(ROW);
  const before = list.querySelector<HTMLElement>(`${ROW}[tabindex="0"]`);
  const stop = focused && list.contains(focused) ? focused : (before ?? list.querySelector<HTMLElement>(ROW));
  if (before && before !== stop) before.tabIndex = -1;
  if (stop) stop.tabIndex = 0;
}

export function moveAmongRows(event: KeyboardEvent): void {
  const here = event.target instanceof HTMLElement ? event.target : null;
  if (here === null || !here.matches(ROW)) return;
  const list = event.currentTarget as HTMLElement;
  const rows = [...list.querySelectorAll<HTMLElement>(ROW)];
  const at = rows.indexOf(here);
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: rows.length - 1 }[event.key];
  if (to === undefined) return;
  event.preventDefault();
  rows[to]?.focus();
}
