/** How does a test wait for something that another process or task brings about? */

/** What is waited for, and for how long. */
export interface Wait {
  /** Named in the error: "the counter to be 3". */
  what: string;
  /** Default: 30,000, long even for a machine that is busy with much else. */
  timeoutMs?: number;
  everyMs?: number;
}

/**
 * Polls until `condition` holds; where it throws, it does not hold yet.
 *
 * @throws {Error} naming `what` when it does not hold in time; its cause is what the last poll threw
 */
export async function until(
  condition: () => boolean | Promise<boolean>,
  { what, timeoutMs = 30_000, everyMs = 10 }: Wait,
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    let cause: unknown;
    try {
      if (await condition()) return;
    } catch (error) {
      cause = error;
    }
    if (performance.now() >= deadline) {
      throw new Error(`Cannot wait longer for ${what}: not so after ${timeoutMs} ms`, { cause });
    }
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}
