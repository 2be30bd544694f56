/** What can be asked of `doorbuster` on the command line? Commander reads it; each command is a file beside this one. */
import { type Command, InvalidArgumentError } from "commander";
import { VERSION } from "../node/version.ts";
import { columnNames, type CsvFormat } from "../csv/header.ts";
import { plainCommand, runCommand } from "./plain_command.ts";

const MORE = `
Settings come from the environment, such as PORT and DATABASE_URL; the README lists them.

In a checkout there are also these tasks, each with --help:
  deno task seed      fill a running node with demonstration users, segments and coupons
  deno task stampede  send buyers at the current sale of running nodes, then audit what they were told
  deno task cluster   run three nodes with a PostgreSQL and a Redis of their own`;

const EXAMPLES = {
  serve: `
Examples:
  deno task dev                                     serve from an embedded database in ./data
  DATABASE_URL=postgres://user:password@localhost/doorbuster deno task start
  PORT=9000 LOG_LEVEL=debug deno task dev`,
  migrate: `
Every node does this when it starts; any number of processes may do it at once.

Example:
  DATABASE_URL=postgres://user:password@localhost/doorbuster deno task migrate`,
  audit: `
Exit code: 0 all counters are exact; 1 some are not; 2 not everything could be audited.

Only one process at a time can use the embedded database. While a node uses it, that node audits instead: the one
at --url, or at HOST and PORT of the environment. Set ADMIN_TOKEN if the node requires tokens.

Examples:
  deno task audit
  DATABASE_URL=postgres://user:password@localhost/doorbuster deno task audit
  ADMIN_TOKEN=… deno task audit --url http://127.0.0.1:8080`,
  import: `
Lines are ID,segment,expiredSegment (Unix seconds). A header with these columns, in any order, may come first. If
the first line is neither, nothing is stored and the exit code is 2. Existing memberships are replaced, so an
import that failed can be repeated.

Exit code: 0 all lines are stored; 1 some lines are bad or duplicates; 2 the import stopped.

Examples:
  deno task import users.csv
  deno task import --columns segment,ID,expiredSegment --delimiter ';' users.csv`,
  importCodes: `
The first line names the columns: name, and any other fields of POST /api/coupons; amount is 1 if it is missing.
Existing coupons are not changed, so an import that failed can be repeated. The codes.csv of a bulk job is such a
file.

Exit code: 0 every line's coupon exists; 1 some lines are bad, duplicates, or name a coupon that exists with other
terms; 2 the import stopped.

Examples:
  deno task import:codes codes.csv
  deno task import:codes --columns name,amount --delimiter tab codes.txt`,
} as const;

/** The value of `--columns`, in lower case. */
function columnsIn(value: string): readonly string[] {
  return columnNames(value.split(","));
}

/** The value of `--delimiter`: one character, or `tab`. @throws InvalidArgumentError */
function delimiterIn(value: string): string {
  const delimiter = value === "tab" || value === "\\t" ? "\t" : value;
  if (/^[^"\r\n\p{L}\p{N}]$/u.test(delimiter) && delimiter.length === 1) return delimiter;
  throw new InvalidArgumentError("It must be tab, or one character that is not a letter, digit or quote.");
}

const COLUMNS = [
  "--columns <names>",
  "the columns of a file without a header, separated by commas",
  columnsIn,
] as const;
const DELIMITER = [
  "--delimiter <character>",
  "the character that separates fields; `tab` for a tab",
  delimiterIn,
  ",",
] as const;

/** Takes a command's exit code; none where it goes on. */
type Exit = (code: number) => void;

function commandLine(exit: Exit): Command {
  const program = plainCommand("doorbuster")
    .description("Hands out scarce things exactly: coupons with a quota, and flash sales.")
    .version(VERSION)
    .addHelpText("after", MORE);
  program.command("serve")
    .description("serve requests until SIGTERM or SIGINT; the default")
    .addHelpText("after", EXAMPLES.serve)
    .action(async () => await (await import("./serve.ts")).serve());
  program.command("migrate")
    .description("bring the database's schema up to date")
    .addHelpText("after", EXAMPLES.migrate)
    .action(async () => exit(await (await import("./migrate.ts")).migrateSchema()));
  program.command("audit")
    .description("compare all counters with their rows while nodes run; changes nothing")
    .option("--url <url>", "a running node that audits in place of this process")
    .addHelpText("after", EXAMPLES.audit)
    .action(async ({ url }: { url?: string }) => exit(await (await import("./audit.ts")).auditAll(url)));
  const importing = (name: string, what: string, file: string, examples: string) =>
    program.command(name)
      .description(what)
      .argument("<file>", file)
      .option(...COLUMNS)
      .option(...DELIMITER)
      .addHelpText("after", examples);
  importing("import", "store the memberships of a CSV file", "a CSV file of ID,segment,expiredSegment", EXAMPLES.import)
    .action(async (file: string, format: CsvFormat) => {
      exit(await (await import("./import_memberships.ts")).importMembershipFile(file, format));
    });
  const codes = "a CSV file whose first line names its columns";
  importing("import-codes", "create the coupons in a CSV file", codes, EXAMPLES.importCodes)
    .action(async (file: string, format: CsvFormat) => {
      exit(await (await import("./import_codes.ts")).importCodeFile(file, format));
    });
  return program;
}

/**
 * Does what the command line says.
 *
 * @returns the exit code; undefined while it goes on serving
 */
export async function runCommandLine(args: readonly string[]): Promise<number | undefined> {
  let code: number | undefined;
  const program = commandLine((ended) => code = ended);
  return await runCommand(program, args.length === 0 ? ["serve"] : args) ?? code;
}
