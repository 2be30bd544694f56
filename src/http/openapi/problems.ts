/** How is each refusal described? Problems by status, each with the codes that an operation can answer. */
import * as z from "zod";
import { type ProblemCode, PROBLEMS } from "../problem.ts";
import { name, type Operation } from "./operation.ts";

type Json = Readonly<Record<string, unknown>>;

function meaningOf(code: ProblemCode): { status: number; title: string; code: string } {
  const meaning: { status: number; title: string; code?: string } = PROBLEMS[code];
  return { status: meaning.status, title: meaning.title, code: meaning.code ?? code };
}

const codes = Object.keys(PROBLEMS) as ProblemCode[];

/** A problem; `code` is what a program should look at. */
export const Problem = name(
  "Problem",
  z.object({
    type: z.literal("about:blank"),
    title: z.string().meta({ description: "What the code means, for people." }),
    status: z.int().min(400).max(599).meta({ description: "The HTTP status." }),
    code: z.enum([...new Set(codes.map((code) => meaningOf(code).code))]).meta({ description: "Stable." }),
    detail: z.string().meta({ description: "What is wrong with this request, for people." }).optional(),
  }).meta({ description: "RFC 9457." }),
);

const TROUBLE = {
  command: ["overloaded", "deadline", "storage_unavailable", "moved", "stopping", "data_error"],
  view: ["storage_unavailable"],
  file: ["overloaded", "storage_unavailable", "stopping"],
  none: [],
} as const satisfies Record<string, readonly ProblemCode[]>;

/** Every code that an operation can answer: its own, in their order, then those that the edge and the machinery add. */
export function codesOf(operation: Operation): ProblemCode[] {
  const { authority, body, isKeyed, isLimited, problems, trouble } = operation;
  const all: ProblemCode[] = ["invalid_request"];
  if (authority !== "public") all.push("unauthenticated", "invalid_token", "forbidden");
  if (isLimited) all.push("rate_limited");
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
  { summary: meaningOf(code).title, value: { type: "about:blank", ...inOrder(meaningOf(code)) } },
]));

function inOrder({ title, status, code }: { title: string; status: number; code: string }): Json {
  return { title, status, code };
}

/** The problem answers of an operation, by status. */
export function problemAnswers(operation: Operation, headersOf: (status: number) => Json): Record<string, Json> {
  const byStatus = new Map<number, ProblemCode[]>();
  for (const code of codesOf(operation)) {
    const { status } = PROBLEMS[code];
    byStatus.set(status, [...byStatus.get(status) ?? [], code]);
  }
  const answers: Record<string, Json> = {};
  for (const [status, these] of [...byStatus].sort(([one], [other]) => one - other)) {
    const shown = [...new Set(these.map((code) => meaningOf(code).code))];
    answers[String(status)] = {
      description: these.map((code) => `\`${meaningOf(code).code}\`: ${meaningOf(code).title}.`).join(" "),
      headers: headersOf(status),
      content: {
        "application/problem+json": {
          schema: {
            allOf: [{ $ref: "#/components/schemas/Problem" }, {
              type: "object",
              properties: { status: { const: status }, code: { enum: shown } },
            }],
          },
          examples: Object.fromEntries(these.map((code) => [code, { $ref: `#/components/examples/${code}` }])),
        },
      },
    };
  }
  return answers;
}
