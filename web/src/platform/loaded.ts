/** Something of the API that is asked for again and again: what was there stays until there is new. */

import { signal, type Signal } from "@preact/signals";
import { ask, sentence } from "./api";

export interface Loaded<T> {
  data: Signal<T | null>;
  problem: Signal<string | null>;
  loading: Signal<boolean>;
  load: () => Promise<void>;
  clear: () => void;
}

export function loaded<T>(path: string): Loaded<T> {
  const data = signal<T | null>(null);
  const problem = signal<string | null>(null);
  const loading = signal(false);
  let newest = 0;
  return {
    data,
    problem,
    loading,
    clear: () => {
      newest += 1;
      data.value = problem.value = null;
      loading.value = false;
    },
    load: async () => {
      const mine = ++newest;
      loading.value = true;
      try {
        const found = await ask<T>("GET", path);
        if (mine === newest) [data.value, problem.value] = [found, null];
      } catch (error) {
        if (mine === newest) problem.value = sentence(error);
      } finally {
        if (mine === newest) loading.value = false;
      }
    },
  };
}
