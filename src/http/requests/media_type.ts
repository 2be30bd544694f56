/** What does a Content-Type say? The grammar of RFC 9110, sections 8.3.1 and 5.6.6. */

export interface MediaType {
  /** `type/subtype`, in lower case. */
  readonly essence: string;
  /** By name, in lower case; of a parameter that is sent twice, the first. */
  readonly parameters: ReadonlyMap<string, string>;
}

const TOKEN = "[!#$%&'*+.^_`|~\\w-]+";
const ESSENCE = new RegExp(`${TOKEN}/${TOKEN}`, "y");
const QUOTED = '"((?:[\\t \\x21\\x23-\\x5b\\x5d-\\x7e\\x80-\\xff]|\\\\[\\t\\x20-\\x7e\\x80-\\xff])*)"';
/** A semicolon with the parameter after it, which may be missing. No white space may stand around the `=`. */
const PARAMETER = new RegExp(`[\\t ]*;[\\t ]*(?:(${TOKEN})=(?:(${TOKEN})|${QUOTED}))?`, "y");

/** Parses a Content-Type without white space around it; undefined where it does not follow the grammar. */
export function parseMediaType(text: string): MediaType | undefined {
  ESSENCE.lastIndex = 0;
  const essence = ESSENCE.exec(text)?.[0].toLowerCase();
  if (essence === undefined) return undefined;
  const parameters = new Map<string, string>();
  PARAMETER.lastIndex = ESSENCE.lastIndex;
  for (let end = ESSENCE.lastIndex; end < text.length; end = PARAMETER.lastIndex) {
    const match = PARAMETER.exec(text);
    if (match === null) return undefined;
    const [, name, token, quoted] = match;
    if (name === undefined) continue;
    const lower = name.toLowerCase();
    if (!parameters.has(lower)) parameters.set(lower, token ?? quoted!.replace(/\\(.)/gs, "$1"));
  }
  return { essence, parameters };
}
