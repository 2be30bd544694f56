/** Parses Content-Type by the grammar of RFC 9110, sections 8.3.1 and 5.6.6. */

export interface MediaType {
  /** `type/subtype`, in lower case. */
  readonly essence: string;
  /** By lower-case name; the first value if a parameter is repeated. */
  readonly parameters: ReadonlyMap<string, string>;
}

const TOKEN = "[!#$%&'*+.^_`|~\\w-]+";
const ESSENCE = new RegExp(`${TOKEN}/${TOKEN}`, "y");
const QUOTED = '"((?:[\\t \\x21\\x23-\\x5b\\x5d-\\x7e\\x80-\\xff]|\\\\[\\t\\x20-\\x7e\\x80-\\xff])*)"';
/** A semicolon and an optional parameter. White space around the `=` is not allowed. */
const PARAMETER = new RegExp(`[\\t ]*;[\\t ]*(?:(${TOKEN})=(?:(${TOKEN})|${QUOTED}))?`, "y");

/** Parses a Content-Type without surrounding white space; undefined if it does not follow the grammar. */
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
