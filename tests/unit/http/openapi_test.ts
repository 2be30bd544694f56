/** Does the document say what there is: every route, every code, examples that hold, in valid OpenAPI 3.1? */
import assert from "node:assert/strict";
import { Validator } from "@seriousme/openapi-schema-validator";
import { codesOf } from "../../../src/http/openapi/problems.ts";
import { makeDocument } from "../../../src/http/openapi/document.ts";
import { ROUTES } from "../../../src/http/routes/mod.ts";
import { problem, type ProblemCode, PROBLEMS } from "../../../src/http/answers/answer.ts";
import { answersOf, type Any, Described } from "../../support/described.ts";
import { get, makeEdge } from "../../support/edge.ts";

const described = new Described(makeDocument(ROUTES));

/** Codes that no operation answers, and why. */
const OF_NO_OPERATION: Partial<Record<ProblemCode, string>> = {
  method_not_allowed: "of methods that are not there",
  sale_exists: "sales are made by the scheduler alone",
  head_too_large: "of what never became a request",
  http_version_not_supported: "of what never became a request",
  uri_too_long: "of any target, before it is looked at",
  host_not_allowed: "of any operation, without tokens",
  origin_not_allowed: "of any operation, without tokens",
  cross_site_request: "of any operation, without tokens",
};

/** Calls back with each example and the schema that it is an example of. */
function eachExample(visit: (what: string, place: string[], example: unknown) => void): void {
  for (const { id, path, method, entry } of described.operations) {
    const visitAll = (place: string[], content: Any) => {
      for (const [type, media] of Object.entries<Any>(content ?? {})) {
        const examples = { ...media.examples, ...media.example !== undefined && { one: { value: media.example } } };
        for (const [title, example] of Object.entries<Any>(examples)) {
          const { $ref } = example;
          const value = $ref === undefined
            ? example.value
            : described.document.components.examples[$ref.slice(22)].value;
          visit(`${id} ${place.at(-1)} ${title}`, ["paths", path, method, ...place, "content", type, "schema"], value);
        }
      }
    };
    visitAll(["requestBody"], entry.requestBody?.content);
    for (const [status, answer] of Object.entries<Any>(entry.responses)) {
      visitAll(["responses", status], answer.content);
    }
  }
}

Deno.test("the document is valid OpenAPI 3.1, and its answers are JSON", async () => {
  const edge = makeEdge();
  try {
    const response = await edge.fetch(get("/openapi.json"));
    assert.equal(response.headers.get("content-type"), "application/json");
    const document = await response.json();
    assert.equal(document.openapi, "3.1.0");
    const { valid, errors } = await new Validator().validate(document);
    assert(valid, JSON.stringify(errors));
    assert.deepEqual(document, JSON.parse(JSON.stringify(described.document)));
  } finally {
    edge.close();
  }
});

Deno.test("each operation says which callers may ask", () => {
  const callers = {
    public: "",
    caller: "user service admin",
    own: "user service admin",
    service: "service admin",
    admin: "admin",
  };
  for (const { id, authority } of ROUTES) {
    const { security } = described.operation(id).entry;
    const names = security.map((one: Any) => Object.keys(one).join()).join(" ");
    assert.equal(names, callers[typeof authority === "object" ? "admin" : authority], id);
  }
});

Deno.test("each operation has an id and each schema a name of its own, and each path's segments are told", () => {
  const ids = ROUTES.map(({ id }) => id);
  assert.deepEqual(ids.length, new Set(ids).size);
  for (const { id, path, segments = {} } of ROUTES) {
    assert.equal(Object.keys(segments).length, path.split("/:").length - 1, id);
  }
  for (const { id, entry } of described.operations) {
    for (const { name, description, schema, $ref } of entry.parameters ?? []) {
      assert(
        $ref !== undefined || description !== undefined || schema.enum !== undefined,
        `${id}: ${name} is described`,
      );
    }
  }
});

Deno.test("each code of a problem is an answer of some operation, but those of none", () => {
  const told = new Set(ROUTES.flatMap(codesOf));
  const codes = Object.keys(PROBLEMS) as ProblemCode[];
  assert.deepEqual(codes.filter((code) => !told.has(code)).toSorted(), Object.keys(OF_NO_OPERATION).toSorted());
  const answers = new Set(described.operations.flatMap(answersOf));
  for (const code of told) {
    const { status, code: shown = code }: { status: number; code?: string } = PROBLEMS[code];
    assert(answers.has(`${status} ${shown}`), code);
  }
});

Deno.test("each example is one of its schema", () => {
  let count = 0;
  eachExample((what, place, example) => {
    count++;
    assert.equal(described.wrongBy(place, example), undefined, what);
  });
  assert(count > 100, String(count));
});

Deno.test("each problem has the form that the document says, with Retry-After where it is trouble", async () => {
  for (const code of Object.keys(PROBLEMS) as ProblemCode[]) {
    const response = problem(code, { id: "a", echoed: true }, "why", "amount");
    assert.equal(described.wrongBy(["components", "schemas", "Problem"], await response.json()), undefined, code);
    assert.equal(response.headers.has("retry-after"), response.status === 503, code);
  }
});

Deno.test("the validator of answers finds a field more, a field less, and a code that an operation does not know", () => {
  const headers = new Headers({ "content-type": "application/json", "x-request-id": "a" });
  const hold = (body: unknown, status = 200) => () =>
    described.hold("ready", { status, headers }, JSON.stringify(body));
  hold({ status: "ready" })();
  assert.throws(hold({ status: "ready", more: 1 }), /additional properties/);
  assert.throws(hold({}), /must have required property/);
  assert.throws(hold({ status: "ready" }, 201), /no such status/);
  const problems = new Headers({ "content-type": "application/problem+json", "x-request-id": "a", "retry-after": "1" });
  const body = (code: string) =>
    JSON.stringify({ type: `/docs/errors#${code}`, title: "t", status: 503, code, request_id: "a" });
  described.hold("ready", { status: 503, headers: problems }, body("not_ready"));
  assert.throws(() => described.hold("ready", { status: 503, headers: problems }, body("moved")), /allowed values/);
  assert.throws(() => described.hold("ready", { status: 503, headers }, body("not_ready")), /is missing/);
});
