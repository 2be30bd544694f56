/** Durations as in Go's time.ParseDuration, with days, in whole milliseconds. */

const NANOSECONDS: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1_000n,
  "µs": 1_000n,
  "μs": 1_000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
  d: 86_400_000_000_000n,
};

const PART = String.raw`(?:(\d{1,15})(?:\.(\d{0,15}))?|\.(\d{1,15}))(ns|us|µs|μs|ms|s|m|h|d)`;
const WHOLE = new RegExp(`^\\+?(?:${PART}){1,16}$`);
const PARTS = new RegExp(PART, "g");

/** Milliseconds of a duration such as `500ms`, `1m30s` or `1.5h`; undefined if it is not valid or not a whole number. */
export function parseDuration(text: string): number | undefined {
  if (text === "0") return 0;
  if (!WHOLE.test(text)) return undefined;
  let sum = 0n;
  for (const [, whole = "0", fraction = "", bare = "", unit] of text.matchAll(PARTS)) {
    const digits = fraction + bare;
    sum += BigInt(whole + digits) * NANOSECONDS[unit!]! / 10n ** BigInt(digits.length);
  }
  return sum % 1_000_000n === 0n ? Number(sum / 1_000_000n) : undefined;
}
