/** How does a stampede look while it runs? As lines of text; someone else puts them on the screen. */

/** What is shown. */
export interface Progress {
  readonly sale: string;
  readonly elapsedMs: number;
  readonly buyers: { readonly done: number; readonly all: number };
  /** The sale's stock, as a node told it last; undefined before the first answer. */
  readonly stock: { readonly items: number; readonly sold: number; readonly held: number } | undefined;
  /** Answers by kind. */
  readonly answers: ReadonlyMap<string, number>;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

const BAR_MAX = 60;
const BAR_MARGIN = 12;

function count(value: number): string {
  return value.toLocaleString("en-US");
}

function ms(value: number): string {
  return Number.isFinite(value) ? `${value >= 100 ? value.toFixed(0) : value.toFixed(1)} ms` : "–";
}

/** A bar of the stock: `#` sold, `+` held, `.` left. */
export function stockBar(stock: NonNullable<Progress["stock"]>, width: number): string {
  const { items, sold, held } = stock;
  const upTo = (part: number) => Math.floor(width * part / Math.max(1, items));
  const [soldEnd, heldEnd] = [upTo(sold), upTo(sold + held)];
  return "#".repeat(soldEnd) + "+".repeat(heldEnd - soldEnd) + ".".repeat(width - heldEnd);
}

/** Answers in all, and how many a second. */
function rateOf({ answers, elapsedMs }: Progress): { all: number; rate: number } {
  const all = [...answers.values()].reduce((sum, value) => sum + value, 0);
  return { all, rate: elapsedMs > 0 ? Math.round(all * 1_000 / elapsedMs) : 0 };
}

/** For a terminal: several lines, none longer than `width`, always in the same order. */
export function renderView(progress: Progress, width: number): string[] {
  const { sale, elapsedMs, buyers, stock, answers, p50Ms, p99Ms } = progress;
  const { all, rate } = rateOf(progress);
  const seconds = (elapsedMs / 1_000).toFixed(1);
  const lines = [`${sale}  ${count(buyers.done)} of ${count(buyers.all)} buyers  ${seconds} s`];
  if (stock !== undefined) {
    const { items, sold, held } = stock;
    lines.push(`[${stockBar(stock, Math.max(10, Math.min(BAR_MAX, width - BAR_MARGIN)))}]`);
    lines.push(`sold ${count(sold)}  held ${count(held)}  left ${count(items - sold - held)}`);
  }
  lines.push(`${count(all)} answers  ${count(rate)}/s  p50 ${ms(p50Ms)}  p99 ${ms(p99Ms)}`);
  const kinds = [...answers].sort(([one], [other]) => one < other ? -1 : 1);
  const longest = Math.max(0, ...kinds.map(([kind]) => kind.length));
  for (const [kind, value] of kinds) lines.push(`  ${kind.padEnd(longest)}  ${count(value).padStart(9)}`);
  return lines.map((line) => line.slice(0, width));
}

/** For a log: all in one line. */
export function renderLine(progress: Progress): string {
  const { elapsedMs, buyers, stock, p50Ms, p99Ms } = progress;
  const { all, rate } = rateOf(progress);
  return [
    `${(elapsedMs / 1_000).toFixed(1)} s`,
    `${count(buyers.done)} of ${count(buyers.all)} buyers`,
    ...stock === undefined ? [] : [`sold ${count(stock.sold)}`, `held ${count(stock.held)}`],
    `${count(all)} answers`,
    `${count(rate)}/s`,
    `p50 ${ms(p50Ms)}`,
    `p99 ${ms(p99Ms)}`,
  ].join(", ");
}
