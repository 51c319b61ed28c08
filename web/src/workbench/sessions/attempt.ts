/** Something that a person asked for: whether it is under way, and the server's sentence where it failed. */

import { useSignal, type Signal } from "@preact/signals";
import { ServerProblem } from "../../server/problem";

export interface Attempt {
  readonly busy: Signal<boolean>;
  readonly problem: Signal<string | null>;
  readonly make: (work: () => Promise<void>) => Promise<void>;
}

export function useAttempt(): Attempt {
  const busy = useSignal(false);
  const problem = useSignal<string | null>(null);
  async function make(work: () => Promise<void>): Promise<void> {
    if (busy.value) return;
    busy.value = true;
    problem.value = null;
    try {
      await work();
    } catch (error) {
      if (!(error instanceof ServerProblem)) throw error;
      problem.value = error.message;
    } finally {
      busy.value = false;
    }
  }
  return { busy, problem, make };
}
