/** How does a test ask an operation and hold its answer against the document? */
import assert from "node:assert/strict";
import type { Call, Described, DescribedOperation, Said } from "../described.ts";

/** The nodes that are asked, by what they are set to. */
export interface Urls {
  /** Exclusive checkouts, 5 items a sale, 2 a user. */
  readonly usual: string;
  /** Open checkouts, 5 items a sale, 1 a user. */
  readonly open: string;
  /** Codes that expire at once. */
  readonly hasty: string;
  /** Known callers; a user may check out twice a minute. */
  readonly guarded: string;
}

/** Asks operations of the document. */
export class Driver {
  constructor(readonly described: Described, readonly urls: Urls) {}

  /** Asks, and holds what came against the document. @param expected `200`, `409 coupon_exists` … */
  async ask(id: string, expected: string, call: Call = {}, url: string = this.urls.usual): Promise<Said> {
    const request = this.described.requestOf(url, id, call);
    const response = await fetch(request);
    const said = this.described.hold(id, response, await response.text());
    const answer = said.status < 400 ? String(said.status) : `${said.status} ${said.body.code}`;
    assert.equal(answer, expected, `${request.method} ${request.url} ${JSON.stringify(call)}: ${JSON.stringify(said)}`);
    return said;
  }
}

/** Asks the operations of a resource, each for every answer that can be had. */
export type Drive = (driver: Driver) => Promise<void>;

/** What has no example, since none would work on a fresh node. */
const WITHOUT_EXAMPLE: Readonly<Record<string, string>> = {
  code: "2026-11-21T14Z.Zm9vYmFyYmF6cXV4Zm9vYA",
  job_id: "1",
};

/** What an operation needs to be asked at all, by the document's own examples. */
export function exampleOf(
  { path, entry }: DescribedOperation,
): { segments: Record<string, string>; query: Record<string, string>; body: unknown } {
  const all: Record<"path" | "query", Record<string, string>> = { path: {}, query: {} };
  for (const { name, in: place, required, example, schema } of entry.parameters ?? []) {
    if (required && place in all) all[place as "path"][name] = example ?? schema.enum?.[0] ?? WITHOUT_EXAMPLE[name];
  }
  if (path === "/checkout" && all.query["code"] === undefined) Object.assign(all.query, { user_id: "a", id: "7" });
  const [one] = Object.values<{ value: unknown }>(entry.requestBody?.content["application/json"].examples ?? {});
  return { segments: all.path, query: all.query, body: one?.value };
}
