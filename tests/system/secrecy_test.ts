/** Does a server ever say a token, a code or a key? All kinds of requests at LOG_LEVEL=debug, and all that it said. */
import assert from "node:assert/strict";
import { startPostgres } from "../../tools/services.ts";
import { ask, startNode } from "../support/node.ts";
import {
  ADMIN_TOKEN,
  bearer,
  changedToken,
  SERVICE_TOKEN,
  TOKEN_ENV,
  unsignedToken,
  userToken,
} from "../support/tokens.ts";
import { until } from "../support/until.ts";

type Shown = Readonly<Record<string, string>>;

Deno.test("no token, code or key is in a server's log, its metrics or its trail, whatever is asked and fails", async () => {
  const postgres = await startPostgres();
  const databaseUrl = await postgres.createDatabase();
  const node = await startNode({
    databaseUrl,
    env: { ...TOKEN_ENV, LOG_LEVEL: "debug", RATE_LIMIT: "20", REQUEST_TIMEOUT: "500ms", DRAIN: "0ms" },
  });
  try {
    const now = Date.now();
    const ann = await userToken("ann", now);
    const tokens = [
      ADMIN_TOKEN,
      SERVICE_TOKEN,
      ann,
      await userToken("eve", now),
      await userToken("old", now - 86_400_000),
      await changedToken("ann", now),
      unsignedToken("ann", now),
      "a-token-of-no-one-at-all",
    ];
    const secrets = new Set([...tokens, ...Object.values(TOKEN_ENV)]);
    for (const token of tokens) for (const part of token.split(".")) if (part.length > 30) secrets.add(part);
    // The header is the same in all tokens, and no secret; but a log with one would have a token.
    let keys = 0;
    const send = async (method: string, path: string, shown: Shown, body?: unknown) => {
      const key = `the-key-of-request-${++keys}-`.padEnd(40, "k");
      secrets.add(key);
      // Clients are known to use one id for everything.
      const header = ["x-request-id", "correlation-id", "x-trace-id", "x-other"][keys % 4]!;
      const same = keys % 3 === 0 ? shown["authorization"]?.slice(7) ?? key : key;
      const headers = { "idempotency-key": key, [header]: same, ...shown };
      const reply = await ask(node.url, method, path, body, headers).catch(() => undefined);
      const code = reply?.body.code;
      if (typeof code === "string" && code.includes(".")) secrets.add(code.split(".")[1]!);
      return reply;
    };
    const admin = bearer(ADMIN_TOKEN);
    const codeOf = async (n: number, user = "ann") => {
      const path = `/api/sales/current/items?state=available&per_page=${n}`;
      const { data } = (await send("GET", path, {}))!.body as unknown as { data: { id: number }[] };
      const reply = await send("POST", `/checkout?user_id=${user}&id=${data.at(-1)!.id}`, admin);
      assert.equal(reply!.status, 200, JSON.stringify(reply));
      return String(reply!.body.code);
    };
    await send("POST", "/api/coupons", admin, { name: "promo", amount: 100 });
    const codes = [await codeOf(1), await codeOf(2), await codeOf(3, "bob")];
    const everything = async () => {
      for (const token of tokens) {
        const shown = bearer(token);
        await send("POST", "/api/coupons/claim", shown, { user_id: "ann", coupon_name: "promo" });
        await send("POST", "/api/coupons", shown, { name: "promo", amount: 1, odd: true });
        await send("PATCH", "/api/coupons/promo", shown, { paused: false });
        await send("DELETE", "/api/coupons/promo/claims/ann", shown);
        for (const code of codes) {
          for (const [method, path] of [["GET", "checkout"], ["POST", "checkout"], ["POST", "purchase"]]) {
            await send(method!, `/${path}?code=${code}`, shown);
          }
          await send("DELETE", `/checkout?code=${code}`, shown);
          await send("DELETE", `/purchase?code=${code}`, shown);
          await send("POST", `/checkout?code=${code}&id=1`, shown);
          await send("GET", `/api/sales/${code}/attempts`, shown);
          await send("GET", `/cluster/actors/${code}`, shown);
          await send("BREW", `/purchase?code=${code}`, shown);
          await send("GET", `/nowhere/${code}?token=${token}`, shown);
        }
        await send("POST", "/checkout?user_id=ann&id=1", shown);
      }
    };
    await everything();
    const last = await codeOf(4);
    codes.push(last);
    secrets.add(last.split(".")[1]!);
    const audit = await ask(node.url, "GET", "/api/audit?limit=1000", undefined, admin);
    const metrics = await (await fetch(`${node.url}/metrics`, { headers: admin })).text();
    // Trouble is what is told of most.
    await postgres.stop();
    await everything();
    await until(() => /storage_unavailable|Cannot/.test(node.said()), { what: "trouble to be told" });
    assert.equal(await node.stop(), 0, node.lastLines());
    const said = node.said();
    assert(said.split("\n").length > 500, `${said.split("\n").length} lines`);
    assert(secrets.size > 300 && codes.every((code) => secrets.has(code.split(".")[1]!)));
    for (const [where, text] of Object.entries({ log: said, audit: JSON.stringify(audit), metrics })) {
      const found = [...secrets].filter((secret) => text.includes(secret));
      assert.deepEqual(found, [], where);
    }
    for (const route of ["POST /api/coupons/claim", "DELETE /purchase", "POST /checkout", "unknown"]) {
      assert(said.includes(`"route":"${route}"`), route);
    }
  } finally {
    await node.kill();
    await postgres.stop();
  }
});
