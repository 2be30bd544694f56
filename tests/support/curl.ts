/** How does a test send a curl command as a read-me prints it, host and port aside? With the very bytes that curl sends. */
import { Buffer } from "node:buffer";
import { type RawReply, sendRaw } from "./raw.ts";

/** The words of a command, as a shell reads them. @param variables by their names: what `$name` stands for */
function wordsOf(command: string, variables: Readonly<Record<string, string>>): string[] {
  const words: string[] = [];
  let word: string | undefined;
  const token = /'([^']*)'|"((?:\\[\s\S]|[^"\\])*)"|\\([\s\S])|\s+|[^\s'"\\]+/gy;
  for (const [all, single, double, escaped] of command.matchAll(token)) {
    if (escaped === "\n") continue;
    if (/^\s+$/.test(all)) {
      if (word !== undefined) words.push(word);
      word = undefined;
      continue;
    }
    const bare = escaped ?? double?.replace(/\\(["\\$`])/g, "$1") ?? all;
    const filled = single ??
      (escaped === undefined ? bare.replace(/\$(\w+)/g, (_, name) => variables[name] ?? "") : bare);
    word = (word ?? "") + filled;
  }
  return word === undefined ? words : [...words, word];
}

/** What a command sends. */
interface Sent {
  readonly method: string;
  readonly url: URL;
  readonly headers: Record<string, string>;
  readonly body: string | undefined;
}

/** @throws Error where the command has an option that is not known here */
function sentBy(command: string, variables: Readonly<Record<string, string>>): Sent {
  const [program, ...words] = wordsOf(command, variables);
  if (program !== "curl") throw new Error(`Cannot send ${program}: only curl`);
  let method: string | undefined, url = "", body: string | undefined;
  const headers: Record<string, string> = {};
  for (let at = 0; at < words.length; at++) {
    const word = words[at]!;
    if (word === "-X" || word === "--request") method = words[++at]!;
    else if (word === "-d" || word === "--data") body = words[++at]!;
    else if (word === "--url") url = words[++at]!;
    else if (word === "-H" || word === "--header") {
      const [, name = "", value = ""] = /^([^:]+):\s*(.*)$/.exec(words[++at]!) ?? [];
      headers[name] = value;
    } else if (word.startsWith("-")) throw new Error(`Cannot send ${command}: ${word} is not known here`);
    else url = word;
  }
  return { method: method ?? (body === undefined ? "GET" : "POST"), url: new URL(url), headers, body };
}

/**
 * Sends a command to a node.
 *
 * @param url the node, in place of the host and port that the command names
 * @param command as printed
 */
export function curl(
  url: string,
  command: string,
  variables: Readonly<Record<string, string>> = {},
): Promise<RawReply> {
  const { method, url: asked, headers, body } = sentBy(command, variables);
  const typed = Object.keys(headers).some((name) => name.toLowerCase() === "content-type");
  const all = {
    Host: asked.host,
    "User-Agent": "curl/8.5.0",
    Accept: "*/*",
    ...headers,
    ...body !== undefined && {
      ...!typed && { "Content-Type": "application/x-www-form-urlencoded" },
      "Content-Length": String(Buffer.byteLength(body)),
    },
  };
  return sendRaw(url, method, asked.pathname + asked.search, all, body);
}
