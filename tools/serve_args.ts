/** How is a server of this project started by what runs, tests and measures it? As by `deno task start`. */
import project from "../deno.json" with { type: "json" };

const WORDS = project.tasks.start.command.split(" ");
const DENO = WORDS.indexOf("deno");

/** What is set in the environment of its process, for the C library. */
export const SERVE_ENV: Readonly<Record<string, string>> = Object.fromEntries(
  WORDS.slice(0, DENO).map((word) => [word.slice(0, word.indexOf("=")), word.slice(word.indexOf("=") + 1)]),
);

/** Deno's arguments, the program last. */
export const SERVE_ARGS: readonly string[] = WORDS.slice(DENO + 1);
