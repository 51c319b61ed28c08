/** The panel of reviews: what is left to review is known at once, the rest is loaded after the page. */

import { signal } from "@preact/signals";
import type { FunctionComponent } from "preact";
import { useEffect } from "preact/hooks";
import { followChanges, unreviewed } from "./review-state";
import "./review-badge.css";

const panel = signal<FunctionComponent | null>(null);

export function Review() {
  useEffect(followChanges, []);
  useEffect(() => {
    void import("./review-panel").then((loaded) => (panel.value = loaded.ReviewPanel));
  }, []);
  const Panel = panel.value;
  return Panel === null ? <p class="empty">Loading …</p> : <Panel />;
}

/** How many cells are left, beside the panel's title. */
export function ReviewBadge() {
  const count = unreviewed.value;
  if (count === null || count === 0) return null;
  return (
    <span class="review-badge">
      {count}
      <span class="unseen"> cells to review</span>
    </span>
  );
}
