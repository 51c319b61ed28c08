/**
 * JupyterLab takes the focus whenever it starts or shows a notebook, also while a person types in
 * another part of the page. Here it gets the focus when somebody clicks into it or tabs to it.
 */

const TAB_MS = 300;

/** Give the focus back, for as long as the page lives, where a frame has taken it by itself. */
export function keepFocus(): void {
  let last: HTMLElement | null = null;
  let tabbed = -Infinity;
  document.addEventListener("focusin", ({ target }) => {
    if (target instanceof HTMLElement && !(target instanceof HTMLIFrameElement)) last = target;
  });
  document.addEventListener("keydown", ({ key }) => (tabbed = key === "Tab" ? performance.now() : tabbed), true);
  window.addEventListener("blur", () => {
    // Another window has it, not a frame of this one.
    if (!document.hasFocus() || last === null || !last.isConnected) return;
    const pointed = document.querySelector("iframe:hover") !== null;
    if (pointed || performance.now() - tabbed < TAB_MS) return;
    const back = last;
    // Not before the frame has it. One that is inert takes the keys and leaves the active element as it is.
    setTimeout(() => {
      window.focus();
      if (document.activeElement !== back) back.focus({ preventScroll: true });
    });
  });
}
