/** Why an action was refused, and what can be done about it. */

import { busy, refusal } from "./actions";

export function RefusalView() {
  const refused = refusal.value;
  if (refused === null) return null;
  const { problem, force } = refused;
  return (
    <div class="review-refusal" role="alert">
      <p class="review-refusal-text">{problem.message}</p>
      <div class="review-buttons">
        {force !== null && (
          <button type="button" class="review-force" disabled={busy.value} onClick={() => void force()}>
            Force
          </button>
        )}
        <button type="button" onClick={() => (refusal.value = null)}>
          {force === null ? "Dismiss" : "Cancel"}
        </button>
      </div>
    </div>
  );
}
