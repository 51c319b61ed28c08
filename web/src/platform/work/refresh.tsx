import type { Loaded } from "../loaded";

export function Refresh<T>({ of, what }: { of: Loaded<T>; what: string }) {
  return (
    <button
      type="button"
      class="small"
      aria-label={`Refresh ${what}`}
      disabled={of.loading.value}
      onClick={() => void of.load()}
    >
      Refresh
    </button>
  );
}
