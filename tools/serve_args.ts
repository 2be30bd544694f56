/** How is a server of this project started by what runs, tests and measures it? As by `deno task start`. */
import project from "../deno.json" with { type: "json" };

/** Deno's arguments, the program last. */
export const SERVE_ARGS: readonly string[] = project.tasks.start.command.split(" ").slice(1);
