/** Which schemas have a name of their own in the description of the API? */
import * as z from "zod";

/** Schemas that have a name of their own in the document. */
export const named = z.registry<{ id: string }>();

/** Gives a schema a name in the document. */
export function name<T extends z.ZodType>(id: string, schema: T): T {
  named.add(schema, { id });
  return schema;
}
