/** How are the options read that say how a file is written? */
import { InvalidArgumentError } from "commander";
import { columnNames } from "../csv/header.ts";

/** The value of `--columns`, in lower case. */
export function columnsIn(value: string): readonly string[] {
  return columnNames(value.split(","));
}

/** The value of `--delimiter`: one character, or `tab`. @throws InvalidArgumentError */
export function delimiterIn(value: string): string {
  const delimiter = value === "tab" || value === "\\t" ? "\t" : value;
  if (/^[^"\r\n\p{L}\p{N}]$/u.test(delimiter) && delimiter.length === 1) return delimiter;
  throw new InvalidArgumentError("It must be tab, or one character that is not a letter, digit or quote.");
}
