/** Is an answer one that the document knows? By its status, content type, headers and body, which may have no other field. */
import assert from "node:assert/strict";
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";

// deno-lint-ignore no-explicit-any -- documents and answers are looked at field by field
export type Any = any;

/** An operation of the document. */
export interface DescribedOperation {
  readonly id: string;
  readonly method: string;
  readonly path: string;
  /** Its entry. */
  readonly entry: Any;
}

/** A request to an operation. */
export interface Call {
  readonly segments?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string | number>>;
  /** A text is sent as it is. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What came back. */
export interface Said {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Any;
}

/** Objects may have no fields but those that are told, so that an answer with one more is found. */
function closed(schema: Any): Any {
  if (typeof schema !== "object" || schema === null) return schema;
  if (Array.isArray(schema)) return schema.map(closed);
  const copy = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, closed(value)]));
  const isOpen = copy.properties !== undefined && copy.additionalProperties === undefined;
  return isOpen ? { ...copy, additionalProperties: false } : copy;
}

const escaped = (segment: string) => segment.replaceAll("~", "~0").replaceAll("/", "~1");

/** A document, with what was seen of it. */
export class Described {
  /** Of each operation the answers that came: `200`, `409 coupon_exists` … */
  readonly seen = new Map<string, Set<string>>();
  readonly #ajv = new Ajv2020({ strict: false, allErrors: true });
  readonly #validators = new Map<string, ValidateFunction>();

  constructor(readonly document: Any) {
    (addFormats as Any)(this.#ajv);
    const { components } = document;
    const schemas = closed(components.schemas);
    this.#ajv.addSchema({ ...document, components: { ...components, schemas } }, "document");
  }

  /** Every operation. */
  get operations(): DescribedOperation[] {
    return Object.entries<Any>(this.document.paths).flatMap(([path, methods]) =>
      Object.entries<Any>(methods).filter(([method]) => method !== "parameters").map(([method, entry]) => ({
        id: entry.operationId,
        method,
        path,
        entry,
      }))
    );
  }

  /** An operation by its id. */
  operation(id: string): DescribedOperation {
    const found = this.operations.find((operation) => operation.id === id);
    assert(found !== undefined, `the document knows ${id}`);
    return found;
  }

  /** What is wrong with a value by the schema at a place in the document; undefined where nothing is. */
  wrongBy(place: readonly string[], value: unknown): string | undefined {
    const ref = "document#/" + place.map(escaped).map(encodeURIComponent).join("/");
    let validate = this.#validators.get(ref);
    if (validate === undefined) this.#validators.set(ref, validate = this.#ajv.compile({ $ref: ref }));
    return validate(value) ? undefined : this.#ajv.errorsText(validate.errors);
  }

  /** A request to an operation, as `fetch` takes it. */
  requestOf(url: string, id: string, { segments = {}, query = {}, body, headers = {} }: Call = {}): Request {
    const { method, path } = this.operation(id);
    const filled = path.replace(/\{(\w+)\}/g, (_, name) => encodeURIComponent(segments[name] ?? `no ${name} given`));
    const search = new URLSearchParams(Object.entries(query).map(([name, value]) => [name, String(value)])).toString();
    const content = body === undefined ? {} : { "content-type": "application/json" };
    const text = body === undefined ? null : typeof body === "string" ? body : JSON.stringify(body);
    return new Request(url + filled + (search && "?" + search), {
      method: method.toUpperCase(),
      body: text,
      headers: { ...content, ...headers },
    });
  }

  /**
   * Holds an answer against what the document says of the operation, and writes it down.
   *
   * @param text its body
   */
  hold(id: string, { status, headers }: { status: number; headers: Headers }, text: string): Said {
    const { path, method, entry } = this.operation(id);
    const what = `${id}: ${status} ${text.slice(0, 300)}`;
    const answer = entry.responses[status];
    assert(answer !== undefined, `the document knows no such status: ${what}`);
    for (const [name, header] of Object.entries<Any>(answer.headers ?? {})) {
      const { required } = header.$ref === undefined ? header : this.document.components.headers[header.$ref.slice(21)];
      assert(!required || headers.has(name), `${name} is missing: ${what}`);
    }
    const type = headers.get("content-type");
    const known = Object.keys(answer.content ?? {});
    if (known.length === 0) {
      assert.deepEqual([type, text], [null, ""], `nothing is said of a body: ${what}`);
      this.#see(id, String(status));
      return { status, headers, body: undefined };
    }
    const media = known.find((one) => fits(one, type));
    assert(media !== undefined, `the document knows no ${type}: ${what}`);
    const body = /json$/.test(media) ? JSON.parse(text) : text;
    const place = ["paths", path, method, "responses", String(status), "content", media, "schema"];
    assert.equal(this.wrongBy(place, body), undefined, what);
    this.#see(id, status < 400 ? String(status) : `${status} ${body.code}`);
    return { status, headers, body };
  }

  #see(id: string, answer: string): void {
    this.seen.set(id, (this.seen.get(id) ?? new Set()).add(answer));
  }
}

/** Whether a content type is of a media type or range. */
function fits(range: string, type: string | null): boolean {
  if (type === null) return false;
  if (range.endsWith("/*")) return type.startsWith(range.slice(0, -1));
  return type === range || type.split(";")[0] === range;
}

/** Every answer that the document says of an operation: `200`, `409 coupon_exists` … */
export function answersOf({ entry }: DescribedOperation): string[] {
  return Object.entries<Any>(entry.responses).flatMap(([status, answer]) => {
    if (Number(status) < 400) return [status];
    const codes: string[] = answer.content["application/problem+json"].schema.allOf[1].properties.code.enum;
    return codes.map((code) => `${status} ${code}`);
  });
}
