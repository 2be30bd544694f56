import assert from "node:assert/strict";
import { requestIdOf } from "../../../src/http/requests/request_id.ts";

const HEADERS = ["x-request-id", "correlation-id", "x-trace-id"];
const MADE = /^[0-9a-f]{8}-\d+$/;

Deno.test("requestIdOf() takes the first id that came where it is visible ASCII, else makes one", () => {
  assert.match(requestIdOf(new Headers()).id, MADE);
  assert.equal(requestIdOf(new Headers()).echoed, false);
  for (const [place, name] of HEADERS.entries()) {
    const others = HEADERS.slice(place + 1).map((other) => [other, "another"] as [string, string]);
    assert.deepEqual(requestIdOf(new Headers([[name, "r-1"], ...others])), { id: "r-1", echoed: true });
    for (const bad of ["", "a b", "ü", "x".repeat(129)]) {
      const { id, echoed } = requestIdOf(new Headers([[name, bad]]));
      assert.match(id, MADE, bad);
      assert(echoed);
    }
  }
});

Deno.test("requestIdOf() makes an id in place of one that has a secret of the request in it", () => {
  const key = "order-4711-of-ann";
  const token = "the-token-of-an-admin";
  const code = "2026-11-21T14Z.AbCdEfGhIjKlMnOpQrSt_-";
  const shown = { "idempotency-key": key, authorization: `Bearer  ${token}` };
  const secret = [key, `${key}-1`, `x.${key}`, token, `${token}2`, token.slice(0, -1), code, `a-${code}-b`];
  for (const name of HEADERS) {
    for (const id of secret) {
      const made = requestIdOf(new Headers({ ...shown, [name]: id }));
      assert.match(made.id, MADE, `${name}: ${id}`);
      assert(made.echoed);
    }
    for (const id of ["r-1", "order-4711", "token", "Bearer", "2026-11-21T14Z"]) {
      assert.equal(requestIdOf(new Headers({ ...shown, [name]: id })).id, id);
    }
    for (const quoted of [`"${key}"`, `another, ${key}`, `"a", "${key}"`]) {
      assert.match(requestIdOf(new Headers({ "idempotency-key": quoted, [name]: key })).id, MADE, quoted);
    }
    for (const empty of ["", '""', ", "]) {
      assert.equal(requestIdOf(new Headers({ "idempotency-key": empty, [name]: "r-1" })).id, "r-1", empty);
    }
    assert.match(requestIdOf(new Headers({ "idempotency-key": "7", [name]: "7" })).id, MADE, "short, and equal");
    assert.equal(
      requestIdOf(new Headers({ "idempotency-key": "7", [name]: "r-7" })).id,
      "r-7",
      "short, and part of it",
    );
    assert.match(requestIdOf(new Headers({ authorization: token, [name]: token })).id, MADE, "without its scheme");
  }
});
