/** Which answers can be had of a node itself, and of every operation alike? */
import assert from "node:assert/strict";
import { sendRaw } from "../raw.ts";
import { type Driver, exampleOf } from "./drive.ts";

/** Health, metrics, the cluster and the documentation. */
export async function node(driver: Driver): Promise<void> {
  for (const id of ["Livez", "Health", "Healthcheck", "ApiHealth", "ApiHealthcheck"]) {
    await driver.ask("health" + id, "200");
  }
  for (const id of ["ready", "metrics", "showCluster", "runAudit"]) await driver.ask(id, "200");
  for (const key of ["promo_super", "2026-11-21T14Z"]) await driver.ask("showActor", "200", { segments: { key } });
  await driver.ask("showActor", "404 not_found", { segments: { key: "a/b" } });
  const known = async (id: string, segments = {}) => {
    const { headers } = await driver.ask(id, "200", { segments });
    await driver.ask(id, "304", { segments, headers: { "if-none-match": headers.get("etag")! } });
  };
  await known("getDocument");
  for (const id of ["getDocsPage", "getDocsPageBySlash", "getIcon"]) await known(id);
  await driver.ask("getStart", "200");
  await known("getErrorsPage");
  for (const file of ["start.js", "docs.css", "pages.css", "swagger-ui.css", "swagger-ui-bundle.js"]) {
    await known("getDocsFile", { file });
  }
  await driver.ask("getDocsFile", "404 not_found", { segments: { file: "swagger-ui.js" } });
}

/** What the edge refuses before it asks anyone. */
export async function everywhere(driver: Driver): Promise<void> {
  for (const operation of driver.described.operations) {
    const { id, method, entry } = operation;
    const { segments, query } = exampleOf(operation);
    const request = driver.described.requestOf(driver.urls.usual, id, { segments, query });
    const target = new URL(request.url).pathname + new URL(request.url).search;
    const { status, headers, text } = await sendRaw(request.url, method.toUpperCase(), target, { host: "[bad" });
    assert.equal(status, 400, id);
    driver.described.hold(id, { status, headers }, text);
    if (entry.requestBody !== undefined) {
      const large = JSON.stringify("x".repeat(16 * 1024));
      const text = { "content-type": "text/plain" };
      await driver.ask(id, "413 body_too_large", { segments, query, body: large });
      await driver.ask(id, "415 unsupported_media_type", { segments, query, body: "{}", headers: text });
    }
    if (entry.parameters?.some(({ $ref }: { $ref?: string }) => $ref?.endsWith("IdempotencyKey"))) {
      const call = { ...exampleOf(operation), headers: { "idempotency-key": "a b" } };
      await driver.ask(id, "400 invalid_idempotency_key", call);
    }
  }
}
