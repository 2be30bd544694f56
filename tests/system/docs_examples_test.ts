/** Do the examples of the documentation work as they stand, one after another, on a fresh node? */
import assert from "node:assert/strict";
import { freshDatabase } from "../support/database.ts";
import { type Any, Described, type DescribedOperation } from "../support/described.ts";
import { startNode } from "../support/node.ts";
import { until } from "../support/until.ts";

/** What has no example, and where its description tells to take it from. */
const PASTED: Readonly<Record<string, RegExp>> = { code: /POST \/checkout/, job_id: /running job/ };

/** What a form is filled in with before anyone types: each parameter's example or default, and each example of a body. */
function formOf({ id, entry }: DescribedOperation): {
  filled: Record<"path" | "query", Record<string, string>>;
  missing: string[];
  bodies: unknown[];
} {
  const filled: Record<"path" | "query", Record<string, string>> = { path: {}, query: {} };
  const missing: string[] = [];
  for (const { name, in: place, required, example, schema, description } of entry.parameters ?? []) {
    if (name === undefined) continue; // those of all operations
    const value = example ?? schema.example ?? schema.default ?? (required ? schema.enum?.[0] : undefined);
    if (value !== undefined && place in filled) filled[place as "path"][name] = String(value);
    if (value !== undefined || !required) continue;
    assert.match(description, PASTED[name] ?? /(?!)/, `${id}: ${name} has no example`);
    missing.push(name);
  }
  const examples = Object.values<Any>(entry.requestBody?.content["application/json"].examples ?? {});
  return {
    filled,
    missing,
    bodies: entry.requestBody === undefined ? [undefined] : examples.map(({ value }) => value),
  };
}

/** Operations as the page shows them: by their tags, then as the document has them. */
function asShown(described: Described): DescribedOperation[] {
  const tags: string[] = described.document.tags.map(({ name }: Any) => name);
  return tags.flatMap((tag) => described.operations.filter(({ entry }) => entry.tags[0] === tag));
}

Deno.test("each example of the documentation works as it stands, in the order in which the page shows them", async () => {
  const node = await startNode({ databaseUrl: await freshDatabase() });
  try {
    const described = new Described(await (await fetch(node.url + "/openapi.json")).json());
    const operations = asShown(described);
    assert.equal(operations.length, described.operations.length);
    const ask = async (id: string, { path, query }: ReturnType<typeof formOf>["filled"], body?: unknown) => {
      const request = described.requestOf(node.url, id, { segments: path, query, body });
      const response = await fetch(request);
      const { status } = response;
      let text = "";
      if (response.headers.get("content-type") === "text/event-stream") {
        const reader = response.body!.getReader();
        text = new TextDecoder().decode((await reader.read()).value);
        await reader.cancel();
      } else text = await response.text();
      assert(status < 300, `${request.method} ${request.url} ${JSON.stringify(body) ?? ""}: ${status} ${text}`);
      return /^\{/.test(text) ? JSON.parse(text) : text;
    };
    let code = "";
    let count = 0;
    for (const operation of operations) {
      const { id } = operation;
      const { filled, missing, bodies } = formOf(operation);
      if (missing.includes("code")) {
        // A code as the form of a checkout gives it; a purchase that is to be voided has one.
        if (id !== "voidPurchase") {
          code = (await ask("checkout", formOf(described.operation("checkout")).filled)).code;
        }
        filled.query["code"] = code;
      }
      if (missing.includes("job_id")) {
        const { id: job } = await ask("createBulk", { path: {}, query: {} }, { count: 1_000_000, unguessable: true });
        filled.path["job_id"] = String(job);
      }
      if (id === "getBulkCodes") {
        const isDone = async () => (await ask("getBulk", filled)).state === "done";
        await until(isDone, { what: "the example's job to end", timeoutMs: 60_000 });
      }
      for (const body of bodies) {
        count++;
        await ask(id, filled, body);
      }
    }
    assert(count > operations.length);
  } finally {
    await node.kill();
  }
});
