/** What can be asked of Doorbuster, in the form of OpenAPI 3.1? Put together from the resources' descriptions. */
import * as z from "zod";
import { audit } from "./audit.ts";
import { bulk } from "./bulk.ts";
import { checkouts } from "./checkouts.ts";
import { claims } from "./claims.ts";
import { coupons } from "./coupons.ts";
import { docs } from "./docs.ts";
import { files } from "./files.ts";
import { INFO, SECURITY, securityOf, TAGS } from "./front.ts";
import { node } from "./node.ts";
import { type AnswerNote, type HeaderNote, type Operation } from "./operation.ts";
import { named } from "../../contract/named.ts";
import { problemAnswers, problemExamples } from "./problems.ts";
import { sales } from "./sales.ts";
import { users } from "./users.ts";

type Json = Readonly<Record<string, unknown>>;

/**
 * Every operation of the edge. A new resource adds its own here. Whoever sends the examples one after another, as they
 * stand, finds what the later ones need.
 */
export const OPERATIONS: readonly Operation[] = [
  ...coupons,
  ...claims,
  ...checkouts,
  ...sales,
  ...users,
  ...bulk,
  ...files,
  ...audit,
  ...node,
  ...docs,
];

const toSchema = (ref: string) => ({ $ref: `#/components/schemas/${ref}` });

function schemaOf(schema: z.ZodType): Json {
  const id = named.get(schema)?.id;
  if (id !== undefined) return toSchema(id);
  const { $schema: _, ...json } = z.toJSONSchema(schema, { io: "input" });
  return json;
}

/** A parameter; its description stands beside its schema, where readers look for it. */
function parameterOf(name: string, place: "path" | "query", schema: z.ZodType): Json {
  const { description, examples, ...rest } = schemaOf(schema) as { description?: string; examples?: unknown[] };
  const required = place === "path" || !schema.isOptional();
  const example = Array.isArray(examples) ? { example: examples[0] } : {};
  return { name, in: place, required, ...description !== undefined && { description }, schema: rest, ...example };
}

function headerParameter(name: string, { description, example }: HeaderNote): Json {
  return { name, in: "header", description, schema: { type: "string" }, ...example !== undefined && { example } };
}

const REF = {
  key: { $ref: "#/components/parameters/IdempotencyKey" },
  requestId: { $ref: "#/components/headers/X-Request-Id" },
  retryAfter: { $ref: "#/components/headers/Retry-After" },
  authenticate: { $ref: "#/components/headers/WWW-Authenticate" },
};

const LIMIT_HEADERS = {
  "ratelimit": { $ref: "#/components/headers/RateLimit" },
  "ratelimit-policy": { $ref: "#/components/headers/RateLimit-Policy" },
};

function parametersOf({ segments, query, requestHeaders, isKeyed }: Operation): Json[] {
  return [
    ...Object.entries(segments ?? {}).map(([name, schema]) => parameterOf(name, "path", schema)),
    ...Object.entries(query ?? {}).map(([name, schema]) => parameterOf(name, "query", schema)),
    ...isKeyed ? [REF.key] : [],
    ...Object.entries(requestHeaders ?? {}).map(([name, note]) => headerParameter(name, note)),
  ];
}

function headerOf({ description, example, isOptional }: HeaderNote): Json {
  const text = { description, schema: { type: "string" }, ...example !== undefined && { example } };
  return isOptional ? text : { ...text, required: true };
}

function answerOf(
  { description, schema, type = "application/json", example, headers = {} }: AnswerNote,
  { isLimited }: Operation,
): Json {
  const more = Object.entries(headers).map(([name, note]) => [name, headerOf(note)]);
  const content = schema && { [type]: { schema: schemaOf(schema), ...example !== undefined && { example } } };
  return {
    description,
    headers: { "x-request-id": REF.requestId, ...isLimited && LIMIT_HEADERS, ...Object.fromEntries(more) },
    ...content && { content },
  };
}

function problemHeaders(status: number, { isLimited }: Operation): Json {
  const retry = headerOf({ description: "Of `rate_limited`: seconds to wait before asking again.", isOptional: true });
  return {
    "x-request-id": REF.requestId,
    ...status === 401 && { "www-authenticate": REF.authenticate },
    ...status === 429 && isLimited && { "retry-after": retry, ...LIMIT_HEADERS },
    ...status === 503 && { "retry-after": REF.retryAfter },
  };
}

function operationOf(operation: Operation): Json {
  const { id, tag, summary, description, authority, body, answers } = operation;
  const parameters = parametersOf(operation);
  const examples = Object.entries(body?.examples ?? {}).map(([title, value]) => [title, { value }]);
  return {
    operationId: id,
    tags: [tag],
    summary,
    ...description !== undefined && { description },
    security: securityOf(authority),
    ...parameters.length > 0 && { parameters },
    ...body && {
      requestBody: {
        required: !body.isOptional,
        content: { "application/json": { schema: schemaOf(body.schema), examples: Object.fromEntries(examples) } },
      },
    },
    responses: {
      ...Object.fromEntries(Object.entries(answers).map(([status, note]) => [status, answerOf(note, operation)])),
      ...problemAnswers(operation, (status) => problemHeaders(status, operation)),
    },
  };
}

const REQUEST_ID =
  "of the request: the first of `X-Request-Id`, `Correlation-ID` and `X-Trace-ID` that came, where it " +
  "is 1 to 128 visible ASCII characters, none of them the request's idempotency key, token or code";
const idParameters = ["X-Request-Id", "Correlation-ID", "X-Trace-ID"].map((name) => ({
  name,
  key: name.replace(/\W/g, ""),
}));

function componentsOf(): Json {
  const { schemas } = z.toJSONSchema(named, { io: "input", uri: (id) => `#/components/schemas/${id}` });
  const bare = Object.entries(schemas).map(([id, { $schema: _, $id: __, ...schema }]) => [id, schema]);
  const text = { schema: { type: "string" } };
  const ids = idParameters.map(({ name, key }) => [
    key,
    headerParameter(name, {
      description: `An id ${REQUEST_ID}; it is returned in all three, and log lines about the request have it.`,
    }),
  ]);
  return {
    schemas: Object.fromEntries(bare),
    examples: problemExamples,
    parameters: {
      IdempotencyKey: {
        name: "Idempotency-Key",
        in: "header",
        description: "The same request with the same key gets the same answer, on any node, for 48 hours at least; " +
          "with other content it is 422. A key is of one caller and one coupon, sale or job: for another it is another " +
          "key. A refusal binds no key. 1 to 255 visible ASCII characters.",
        schema: { type: "string", pattern: "^[\\x21-\\x7e]{1,255}$" },
      },
      ...Object.fromEntries(ids),
    },
    headers: {
      "X-Request-Id": {
        description: `The id ${REQUEST_ID}, else a new one. Where the client named one, it is echoed in all three.`,
        required: true,
        ...text,
      },
      "Retry-After": {
        description: "Seconds to wait before asking again.",
        required: true,
        schema: { type: "integer", minimum: 0 },
      },
      "WWW-Authenticate": {
        description: 'How to show a token (RFC 6750); with `error="invalid_token"` where one was shown.',
        required: true,
        ...text,
      },
      "RateLimit": {
        description:
          "What is left: `r` requests at once, the whole quota in `t` seconds. Of a user's requests, where " +
          "this node counts them.",
        ...text,
      },
      "RateLimit-Policy": { description: "The quota: `q` requests in `w` seconds.", ...text },
    },
    securitySchemes: SECURITY,
  };
}

/** Puts the document together. */
export function makeDocument(): Json {
  const paths: Record<string, Record<string, unknown>> = {};
  const parameters = idParameters.map(({ key }) => ({ $ref: `#/components/parameters/${key}` }));
  for (const operation of OPERATIONS) {
    (paths[operation.path] ??= { parameters })[operation.method] = operationOf(operation);
  }
  return {
    openapi: "3.1.0",
    info: INFO,
    servers: [{ url: "/", description: "The node that you ask; any node answers the same." }],
    tags: TAGS,
    paths,
    components: componentsOf(),
  };
}
