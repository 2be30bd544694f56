/** How do times stand in requests, answers and files? As RFC 3339 has them; here they are milliseconds since the epoch. */

/** From then on a time has no four-digit year in UTC. */
const YEAR_10000_MS = 253_402_300_800_000;
/** Date.parse would also take the 24th hour. */
const RFC_3339 =
  /^\d{4}-\d{2}-(\d{2})[Tt](?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,9})?(?:[Zz]|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/;

/** Date.parse takes the 31st of any month for a day of the next. */
function daysIn(time: string): number {
  return new Date(Date.UTC(Number(time.slice(0, 4)), Number(time.slice(5, 7)), 0)).getUTCDate();
}

/** Milliseconds of an RFC 3339 time from 1970 on, fractions below dropped; undefined where it is none. */
export function msOf(value: string): number | undefined {
  const match = RFC_3339.exec(value);
  if (match === null || Number(match[1]) > daysIn(value)) return undefined;
  const ms = Date.parse(value.toUpperCase());
  return ms >= 0 && ms < YEAR_10000_MS ? ms : undefined;
}

let lastMs = NaN;
let lastTime = "";

/** A time in milliseconds, as RFC 3339 UTC. A turn's claims share theirs, so the last one is kept. */
export function showTime(ms: number): string {
  if (ms !== lastMs) {
    lastTime = new Date(ms).toISOString();
    lastMs = ms;
  }
  return lastTime;
}
