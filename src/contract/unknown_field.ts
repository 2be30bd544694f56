/** What is told of a field that a body may not have? Its name, since it is as a rule a misspelt one. */

/** Longest name that is repeated whole, in UTF-16 units: it is whatever the client sent. */
const SHOWN_MAX = 64;

/** A field's name, cut where it is long. */
export function shortened(field: string): string {
  return field.length <= SHOWN_MAX ? field : field.slice(0, SHOWN_MAX).toWellFormed() + "…";
}

/** Says that a field is not one of those that are allowed. */
export function unknownField(field: string, allowed: readonly string[]): string {
  return `Unknown field ${JSON.stringify(shortened(field))}; allowed fields are ${allowed.join(", ")}`;
}
