/** Where does the process begin? Its command line says what to do; without a word it serves. */
import { runCommandLine } from "./cli/command_line.ts";

if (import.meta.main) {
  const code = await runCommandLine(Deno.args);
  if (code !== undefined) Deno.exit(code);
}
