/** Which answers do those get who may not ask, or not so often? */
import assert from "node:assert/strict";
import type { Call, Said } from "../described.ts";
import { ADMIN_TOKEN, bearer, SERVICE_TOKEN, unsignedToken, userToken } from "../tokens.ts";
import { type Driver, exampleOf } from "./drive.ts";
import { itemsOf } from "./sales.ts";

/** Every operation that is not for everyone, asked by those whom it is not for. */
export async function callers(driver: Driver): Promise<void> {
  const { guarded } = driver.urls;
  const [item = "", another = ""] = await itemsOf(driver, guarded);
  const ask = (id: string, expected: string, call: Call, headers: Record<string, string>): Promise<Said> =>
    driver.ask(id, expected, { ...call, headers }, guarded);
  const admin = bearer(ADMIN_TOKEN);
  const other = bearer(await userToken("someone else", Date.now()));
  const forged = bearer(unsignedToken("user_12345", Date.now()));
  const { body: { code } } = await ask("checkout", "200", { query: { user_id: "a", id: item } }, admin);
  for (const operation of driver.described.operations.filter(({ entry }) => entry.security.length > 0)) {
    const { id } = operation;
    const { query, ...example } = exampleOf(operation);
    const call = { ...example, query: query["code"] === undefined ? query : { ...query, code } };
    const { headers: none } = await ask(id, "401 unauthenticated", call, {});
    assert.equal(none.get("www-authenticate"), 'Bearer realm="doorbuster"', id);
    const { headers: bad } = await ask(id, "401 unauthenticated", call, forged);
    assert.match(bad.get("www-authenticate")!, /error="invalid_token"/, id);
    await ask(id, "403 forbidden", call, other);
  }
  await ask("metrics", "200", {}, bearer(SERVICE_TOKEN));
  await greedy(driver, another);
}

/** A user who asks more often than one may. */
async function greedy({ described, urls }: Driver, item: string): Promise<void> {
  const headers = bearer(await userToken("greedy", Date.now()));
  const statuses = [];
  for (let time = 0; time < 3; time++) {
    const call = { query: { user_id: "greedy", id: item }, headers };
    const response = await fetch(described.requestOf(urls.guarded, "checkout", call));
    const said = described.hold("checkout", response, await response.text());
    statuses.push(said.status < 400 ? said.status : `${said.status} ${said.body.code}`);
    for (const name of ["ratelimit", "ratelimit-policy"]) assert(said.headers.has(name), name);
    assert.equal(said.headers.has("retry-after"), said.status === 429);
  }
  assert.deepEqual(statuses, [200, 200, "429 rate_limited"]);
}
