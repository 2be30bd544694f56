/** Reads a query: the parameters that the route declares, each checked by its schema. */
import * as z from "zod";
import { invalid, type InvalidRequest } from "../../contract/invalid.ts";
import { shortened } from "../../contract/unknown_field.ts";
import { aliases } from "../../contract/values.ts";
import type { Target } from "./target.ts";

export type QueryShape = Readonly<Record<string, z.ZodType>>;

/** The values of a query with these parameters. */
export type QueryOf<Shape extends QueryShape> = { readonly [Name in keyof Shape]: z.output<Shape[Name]> };

/** Reads a target's query. @throws InvalidRequest that names the first parameter that is wrong */
export type QueryReader = (target: Target) => Readonly<Record<string, unknown>>;

interface Parameter {
  readonly name: string;
  /** The name and its alias, if any; only one of them may be sent. */
  readonly names: readonly string[];
  readonly schema: z.ZodType;
  readonly isNumber: boolean;
}

const DIGITS = /^\d{1,10}$/;

function isNumber(schema: z.ZodType): boolean {
  return schema instanceof z.ZodOptional || schema instanceof z.ZodDefault
    ? isNumber(schema.unwrap() as z.ZodType)
    : schema instanceof z.ZodNumber;
}

/** Each parameter with its alias. */
export function parametersOf(shape: QueryShape): Parameter[] {
  return Object.entries(shape).map(([name, schema]) => {
    const alias = aliases.get(schema)?.name;
    return { name, names: alias === undefined ? [name] : [name, alias], schema, isNumber: isNumber(schema) };
  });
}

function valueOf(query: URLSearchParams, { names, schema, isNumber }: Parameter): unknown {
  const values = query.getAll(names[0]!);
  if (names.length > 1) values.push(...query.getAll(names[1]!));
  if (values.length > 1) throw wrong(query, names, "must be given once");
  const value = values[0];
  const { success, data, error } = schema.safeParse(
    isNumber && value !== undefined && DIGITS.test(value) ? Number(value) : value,
  );
  if (success) return data;
  throw wrong(query, names, error.issues[0]!.message);
}

function wrong(query: URLSearchParams, names: readonly string[], must: string): InvalidRequest {
  return invalid(`${names.join(" or ")} ${must}`, names.find((name) => query.has(name)) ?? names[0]!);
}

/** @param ignoresOthers whether undeclared parameters are ignored instead of refused */
export function queryReader(shape: QueryShape, ignoresOthers: boolean): QueryReader {
  const parameters = parametersOf(shape);
  const known = [...parameters.map(({ name }) => name), ...parameters.flatMap(({ names }) => names.slice(1))];
  const allowed = known.length === 0 ? "there are none here" : `allowed parameters are ${known.join(", ")}`;
  return ({ query }) => {
    const unknown = ignoresOthers ? undefined : query.keys().find((name) => !known.includes(name));
    if (unknown !== undefined) {
      throw invalid(`Unknown query parameter ${JSON.stringify(shortened(unknown))}; ${allowed}`, shortened(unknown));
    }
    const said: Record<string, unknown> = {};
    for (const parameter of parameters) said[parameter.name] = valueOf(query, parameter);
    return said;
  };
}
