/** A wait that can be ended from elsewhere. */

export class Wait {
  private resolve: (() => void) | null = null;

  /** Returns after so many milliseconds (null: never by itself), at `end`, or when `signal` aborts. */
  async forLong(milliseconds: number | null, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const over = new AbortController();
    await new Promise<void>((resolve) => {
      this.resolve = resolve;
      if (milliseconds !== null) timer = setTimeout(resolve, milliseconds);
      signal.addEventListener("abort", () => resolve(), { signal: over.signal });
    });
    this.resolve = null;
    clearTimeout(timer);
    over.abort();
  }

  end(): void {
    this.resolve?.();
  }
}
