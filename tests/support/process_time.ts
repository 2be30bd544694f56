/** A process whose monotonic clock the test sets. */

/** Runs a body by a monotonic clock that stands at 0 until it is set. */
export async function withProcessTime(body: (set: (ms: number) => void) => Promise<void> | void): Promise<void> {
  const { now } = performance;
  let ms = 0;
  performance.now = () => ms;
  try {
    await body((to) => ms = to);
  } finally {
    performance.now = now;
  }
}
