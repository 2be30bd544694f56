/** What may be asked of the benchmark? `[--rounds 3] [--seconds 4] [--only name,name]` */

/** What `--help` prints. @param names of the experiments */
export function helpOf(names: readonly string[]): string {
  return `Usage: deno task bench [--rounds 3] [--seconds 4] [--only name,name]

Measures everything side by side on a PostgreSQL of its own, and prints one table.

  --rounds <number>    how often everything is measured, in turns; the table has the medians
  --seconds <number>   of one measurement
  --only <names>       some of: ${names.join(", ")}

Examples:
  deno task bench --only ceiling,hot,redis --rounds 5`;
}

/** The checked options. */
export interface Options {
  readonly rounds: number;
  /** Of one measurement. */
  readonly seconds: number;
  /** Names of the experiments to run, in the order in which they run. */
  readonly only: readonly string[];
}

function wholeNumber(option: string, text: string | undefined, max: number): number {
  const number = /^\d{1,4}$/.test(text ?? "") ? Number(text) : 0;
  if (number >= 1 && number <= max) return number;
  throw new Error(`Cannot measure as ${option} must be a whole number from 1 to ${max}: received ${text}`);
}

function someOf(text: string | undefined, names: readonly string[]): readonly string[] {
  const wanted = new Set(text?.split(","));
  const unknown = [...wanted].filter((name) => !names.includes(name));
  if (wanted.size > 0 && unknown.length === 0) return names.filter((name) => wanted.has(name));
  throw new Error(`Cannot measure as --only must name some of ${names.join(", ")}: received ${text}`);
}

/** Reads `--name value` and `--name=value`. @throws Error that says which one is wrong and what is allowed */
export function readOptions(args: readonly string[], names: readonly string[]): Options {
  let options: Options = { rounds: 3, seconds: 4, only: names };
  const rest = args.flatMap((arg) => arg.startsWith("--") && arg.includes("=") ? arg.split(/=(.*)/, 2) : [arg]);
  for (let place = 0; place < rest.length; place += 2) {
    const [option, text] = [rest[place]!, rest[place + 1]];
    if (option === "--rounds") options = { ...options, rounds: wholeNumber(option, text, 100) };
    else if (option === "--seconds") options = { ...options, seconds: wholeNumber(option, text, 60) };
    else if (option === "--only") options = { ...options, only: someOf(text, names) };
    else throw new Error(`Cannot measure as there is no option ${option}; there are --rounds, --seconds, --only`);
  }
  return options;
}
