/** Makes the OpenAPI 3.1 document from the declarations of the routes. */
import * as z from "zod";
import { INFO, SECURITY, securityOf, TAGS } from "./front.ts";
import type { AnswerNote, HeaderNote, Route } from "../routes/route.ts";
import { parametersOf, type QueryShape } from "../requests/query.ts";
import { named } from "../../contract/named.ts";
import { problemAnswers, problemExamples } from "./problems.ts";

type Json = Readonly<Record<string, unknown>>;

const toSchema = (ref: string) => ({ $ref: `#/components/schemas/${ref}` });

function schemaOf(schema: z.ZodType): Json {
  const id = named.get(schema)?.id;
  if (id !== undefined) return toSchema(id);
  const { $schema: _, ...json } = z.toJSONSchema(schema, { io: "input" });
  return json;
}

/** A parameter, with its description beside its schema, where tools look for it. */
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

/** The parameters of a query, then their aliases, which have no default or example: a form would send both. */
function queryParameters(query: QueryShape): Json[] {
  const parameters = parametersOf(query);
  const aliases = parameters.flatMap(({ name, names, schema }) =>
    names.slice(1).map((alias) => {
      const { example: _, schema: { default: __, ...bare }, ...more } = parameterOf(name, "query", schema) as {
        readonly example?: unknown;
        readonly schema: Json;
      };
      return { ...more, name: alias, description: `Another name of \`${name}\`; give only one of them.`, schema: bare };
    })
  );
  return [...parameters.map(({ name, schema }) => parameterOf(name, "query", schema)), ...aliases];
}

function operationParameters({ segments, query, requestHeaders, isKeyed }: Route): Json[] {
  return [
    ...Object.entries(segments ?? {}).map(([name, schema]) => parameterOf(name, "path", schema)),
    ...queryParameters(query ?? {}),
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
  { limitedFor }: Route,
): Json {
  const more = Object.entries(headers).map(([name, note]) => [name, headerOf(note)]);
  const content = schema && { [type]: { schema: schemaOf(schema), ...example !== undefined && { example } } };
  return {
    description,
    headers: { "x-request-id": REF.requestId, ...limitedFor && LIMIT_HEADERS, ...Object.fromEntries(more) },
    ...content && { content },
  };
}

function problemHeaders(status: number, { limitedFor }: Route): Json {
  const retry = headerOf({
    description: "For `rate_limited`: seconds to wait before the next request.",
    isOptional: true,
  });
  return {
    "x-request-id": REF.requestId,
    ...status === 401 && { "www-authenticate": REF.authenticate },
    ...status === 429 && limitedFor && { "retry-after": retry, ...LIMIT_HEADERS },
    ...status === 503 && { "retry-after": REF.retryAfter },
  };
}

function operationOf(route: Route): Json {
  const { id, tag, summary, description, authority, body, answers } = route;
  const parameters = operationParameters(route);
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
      ...Object.fromEntries(Object.entries(answers).map(([status, note]) => [status, answerOf(note, route)])),
      ...problemAnswers(route, (status) => problemHeaders(status, route)),
    },
  };
}

const REQUEST_ID =
  "of the request: the first of `X-Request-Id`, `Correlation-ID` and `X-Trace-ID` that was sent, if it is 1 to 128 visible " +
  "ASCII characters and does not contain the request's idempotency key, token or code";
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
        description:
          "The same request with the same key gets the same response, on any node, for at least 48 hours; a different request gets " +
          "422. Keys are separate for each caller and for each coupon, sale or job. A refused request does not use up its key. 1 to 255 " +
          "visible ASCII characters.",
        schema: { type: "string", pattern: "^[\\x21-\\x7e]{1,255}$" },
      },
      ...Object.fromEntries(ids),
    },
    headers: {
      "X-Request-Id": {
        description:
          `The id ${REQUEST_ID}; otherwise a new one. If the client sent one, it is returned in all three headers.`,
        required: true,
        ...text,
      },
      "Retry-After": {
        description: "Seconds to wait before the next request.",
        required: true,
        schema: { type: "integer", minimum: 0 },
      },
      "WWW-Authenticate": {
        description: 'How to send a token (RFC 6750), with `error="invalid_token"` if the token is not valid.',
        required: true,
        ...text,
      },
      "RateLimit": {
        description:
          "The user's remaining quota, if this node limits requests: `r` requests now, the whole quota in `t` seconds.",
        ...text,
      },
      "RateLimit-Policy": { description: "The quota: `q` requests in `w` seconds.", ...text },
    },
    securitySchemes: SECURITY,
  };
}

/** A route's path in the document's form, with the names of its segments in braces. */
export function documentPath({ path, segments }: Pick<Route, "path" | "segments">): string {
  const names = Object.keys(segments ?? {});
  return path.replace(/:\w+/g, () => `{${names.shift()}}`);
}

/** The document that describes these routes. */
export function makeDocument(routes: readonly Route[]): Json {
  const paths: Record<string, Record<string, unknown>> = {};
  const parameters = idParameters.map(({ key }) => ({ $ref: `#/components/parameters/${key}` }));
  for (const route of routes) {
    (paths[documentPath(route)] ??= { parameters })[route.method.toLowerCase()] = operationOf(route);
  }
  return {
    openapi: "3.1.0",
    info: INFO,
    servers: [{ url: "/", description: "The node that you ask; any node gives the same responses." }],
    tags: TAGS,
    paths,
    components: componentsOf(),
  };
}
