/** Describes problems: by status, with the codes that an operation can return. */
import * as z from "zod";
import { type ProblemCode, PROBLEMS, shownCodeOf, typeOf } from "../answers/problem_table.ts";
import type { Meaning } from "../answers/actor_problems.ts";
import type { Route } from "../routes/route.ts";
import { name } from "../../contract/named.ts";

type Json = Readonly<Record<string, unknown>>;

const codes = Object.keys(PROBLEMS) as ProblemCode[];

function unique(texts: readonly string[]): string[] {
  return [...new Set(texts)];
}

/** A problem. Programs should use `code`. */
export const Problem = name(
  "Problem",
  z.object({
    type: z.enum(unique(codes.map(typeOf))).meta({ description: "The address of the explanation of the code." }),
    title: z.string().meta({ description: "What the code means, for people." }),
    status: z.int().min(400).max(599).meta({ description: "The HTTP status." }),
    code: z.enum(unique(codes.map(shownCodeOf))).meta({ description: "For programs; stable." }),
    detail: z.string().meta({ description: "What is wrong with this request, for people." }).optional(),
    param: z.string().meta({
      description: "The body field, query parameter or header that is at fault, if it is a single one.",
      examples: ["amount"],
    }).optional(),
    request_id: z.string().meta({ description: "The id in `X-Request-Id`; log lines about the request contain it." }),
  }).meta({ description: "RFC 9457." }),
);

const TROUBLE = {
  command: ["overloaded", "deadline", "storage_unavailable", "moved", "stopping", "data_error"],
  view: ["storage_unavailable"],
  file: ["overloaded", "storage_unavailable", "stopping"],
  none: [],
} as const satisfies Record<string, readonly ProblemCode[]>;

/** Every code that an operation can return: its own in their order, then those of the edge and of server-side failures. */
export function codesOf(route: Route): ProblemCode[] {
  const { authority, body, isKeyed, limitedFor, problems = [], trouble = "none" } = route;
  const all: ProblemCode[] = ["invalid_request"];
  if (authority !== "public") all.push("unauthenticated", "invalid_token", "forbidden");
  if (limitedFor !== undefined) all.push("rate_limited");
  if (isKeyed) all.push("invalid_idempotency_key");
  if (body !== undefined) all.push("request_timeout", "body_too_large", "unsupported_media_type");
  all.push(...problems);
  if (isKeyed) all.push("idempotency_key_reused");
  all.push("internal_error", ...TROUBLE[trouble]);
  return [...new Set(all)];
}

/** Examples of all problems, for the document's components. */
export const problemExamples: Json = Object.fromEntries(codes.map((code) => [
  code,
  { summary: PROBLEMS[code].title, value: exampleOf(code) },
]));

function exampleOf(code: ProblemCode): Json {
  const { status, title, param }: Meaning = PROBLEMS[code];
  const told = { type: typeOf(code), title, status, code: shownCodeOf(code), ...param !== undefined && { param } };
  return { ...told, request_id: "6f1e7c3a-1" };
}

/** The problem answers of an operation, by status. */
export function problemAnswers(route: Route, headersOf: (status: number) => Json): Record<string, Json> {
  const byStatus = new Map<number, ProblemCode[]>();
  for (const code of codesOf(route)) {
    const { status } = PROBLEMS[code];
    byStatus.set(status, [...byStatus.get(status) ?? [], code]);
  }
  const answers: Record<string, Json> = {};
  for (const [status, these] of [...byStatus].sort(([one], [other]) => one - other)) {
    const shown = unique(these.map(shownCodeOf));
    answers[String(status)] = {
      description: these.map((code) => `\`${shownCodeOf(code)}\`: ${PROBLEMS[code].title}.`).join(" "),
      headers: headersOf(status),
      content: {
        "application/problem+json": {
          schema: {
            allOf: [{ $ref: "#/components/schemas/Problem" }, {
              type: "object",
              properties: {
                type: { enum: unique(these.map(typeOf)) },
                status: { const: status },
                code: { enum: shown },
              },
            }],
          },
          examples: Object.fromEntries(these.map((code) => [code, { $ref: `#/components/examples/${code}` }])),
        },
      },
    };
  }
  return answers;
}
