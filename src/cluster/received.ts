/** What may a value be that another node or the registry sent? Anything, until it is checked here. */

const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/;

/** The fields of a command of another node; each may be anything. */
export type Told = Readonly<Record<string, unknown>>;

/** Whether it is an object with what every command has: an id of its own, and whether it may come again. */
export function isIdentified(told: unknown): told is Told {
  if (typeof told !== "object" || told === null) return false;
  const { id, keyed } = told as Told;
  return typeof id === "string" && UUID.test(id) && typeof keyed === "boolean";
}

/** Whether it is a whole number, 0 or more, that JSON carries exactly. */
export function isWhole(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** The value of a JSON text; undefined where it is none. */
export function parsedJson(text: unknown): unknown {
  try {
    return JSON.parse(text as string);
  } catch {
    return undefined;
  }
}
