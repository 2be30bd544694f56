/** How do all our command lines behave? Plain text, no permission asked for, and one exit code for a wrong line. */
import { Command, CommanderError } from "commander";

/** The command line itself is wrong, and nothing was begun. */
const USAGE_ERROR = 2;
const HELP_WIDTH = 100;

/** A command whose own commands take these manners over: it throws in place of ending the process. */
export function plainCommand(name: string): Command {
  return new Command(name)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => console.log(text.trimEnd()),
      writeErr: (text) => console.error(text.trimEnd()),
      // What a terminal can do is not asked: that would take a permission for the environment.
      getOutHelpWidth: () => HELP_WIDTH,
      getErrHelpWidth: () => HELP_WIDTH,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
    .showHelpAfterError("Try --help.");
}

/**
 * Reads a command line and does what it says.
 *
 * @returns undefined where it was done; the exit code where there was nothing to do: 0 after help or the version, 2 where
 * the line is wrong, which it said
 */
export async function runCommand(command: Command, args: readonly string[]): Promise<number | undefined> {
  try {
    await command.parseAsync(args, { from: "user" });
    return undefined;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return error.exitCode === 0 ? 0 : USAGE_ERROR;
  }
}
