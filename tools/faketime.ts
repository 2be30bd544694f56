/** How does a command see another day? Under Debian's faketime, and with it every process that it starts. */

const DAY_MS = 86_400_000;

/**
 * How far a time is from now, in seconds: `+400d`, `-90d`, or a time in UTC, `2028-02-29` or `2026-12-31T23:59:50`.
 *
 * @throws Error where it is none of these
 */
export function offsetOf(at: string, now: number): number {
  const [, sign, days] = /^([+-])(\d{1,4})d$/.exec(at) ?? [];
  if (days !== undefined) return Number(`${sign}${days}`) * DAY_MS / 1_000;
  const time = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d)?)?$/.test(at) ? Date.parse(at.includes("T") ? `${at}Z` : at) : NaN;
  if (Number.isNaN(time)) {
    throw new Error(`--at=${at}: must be a number of days such as +400d, or a UTC time such as 2026-12-31T23:59:50`);
  }
  return Math.round((time - now) / 1_000);
}

/** A command that sees time shifted by so many seconds; the monotonic clock stays. */
export function shifted(command: readonly string[], seconds: number): string[] {
  return ["faketime", "--exclude-monotonic", "-f", `${seconds < 0 ? "" : "+"}${seconds}s`, ...command];
}

/** What a process needs of this one's environment to see the same time, where its own is made anew. */
export function timeEnv(): Record<string, string> {
  return Object.fromEntries(
    Object.entries(Deno.env.toObject()).filter(([name]) => /^(TZ|LD_PRELOAD|FAKETIME.*)$/.test(name)),
  );
}
