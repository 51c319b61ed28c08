/** Numbers that are the same each time for the same seed. */
export interface Chance {
  /** A whole number of 0 to `end` - 1. */
  below(end: number): number;
}

export function chance(seed: number): Chance {
  let state = seed * 2654435761 + 1;
  return {
    below(end) {
      state = (state + 0x6d2b79f5) | 0;
      let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
      mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
      return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * end);
    },
  };
}
