/** Does what another node sent have what every command has: an id of its own, and whether it may come again? */

const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/;

/** The fields of what another node sent; each may be anything. */
export type Told = Readonly<Record<string, unknown>>;

/** Whether it is an object with a command's id. */
export function isIdentified(told: unknown): told is Told {
  if (typeof told !== "object" || told === null) return false;
  const { id, keyed } = told as Told;
  return typeof id === "string" && UUID.test(id) && typeof keyed === "boolean";
}
