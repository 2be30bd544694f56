/** How does a test wait for something that another process or task brings about? */

/** What is waited for, and for how long. */
export interface Wait {
  /** Named in the error: "the counter to be 3". */
  what: string;
  timeoutMs?: number;
  everyMs?: number;
}

/** Polls until `condition` holds. @throws {Error} naming `what` when it does not in time */
export async function until(
  condition: () => boolean | Promise<boolean>,
  { what, timeoutMs = 5_000, everyMs = 10 }: Wait,
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!await condition()) {
    if (performance.now() >= deadline) throw new Error(`Cannot wait longer for ${what}: not so after ${timeoutMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}
