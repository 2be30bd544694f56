/** Do real servers know their callers: beyond loopback, by a file of keys, and as a cluster? */
import assert from "node:assert/strict";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { TestCluster, withCluster } from "../support/cluster.ts";
import { freshDatabase } from "../support/database.ts";
import { ask, startNode, type TestNode } from "../support/node.ts";
import { ADMIN_TOKEN, bearer, SERVICE_TOKEN, TOKEN_ENV, userToken } from "../support/tokens.ts";
import { until } from "../support/until.ts";

const admin = bearer(ADMIN_TOKEN);

async function withNode(env: Record<string, string>, body: (node: TestNode) => Promise<void>): Promise<void> {
  const node = await startNode({ databaseUrl: await freshDatabase(), env: { DRAIN: "0ms", ...env } });
  try {
    await body(node);
    assert.equal(await node.stop(), 0, node.lastLines());
  } finally {
    await node.kill();
  }
}

Deno.test("a server that listens beyond loopback serves whom it knows, counts checkouts and keeps a trail", async () => {
  await withNode({ HOST: "0.0.0.0", ...TOKEN_ENV, RATE_LIMIT: "2" }, async ({ url, said }) => {
    const coupon = { name: "promo", amount: 5 };
    // The bodies of refused requests are not read: the connection that they came on must serve on.
    for (let time = 0; time < 5; time++) {
      assert.equal((await ask(url, "POST", "/api/coupons", { ...coupon, odd: "x".repeat(15_000) })).status, 401);
    }
    assert.equal((await ask(url, "POST", "/api/coupons", coupon, admin)).status, 201);
    const ann = bearer(await userToken("ann", Date.now()));
    const claim = (user_id: string) => ask(url, "POST", "/api/coupons/claim", { user_id, coupon_name: "promo" }, ann);
    assert.deepEqual([(await claim("ann")).status, (await claim("bob")).status], [200, 403]);
    const checkout = () => ask(url, "POST", "/checkout?user_id=ann&id=999999", undefined, ann);
    assert.deepEqual([(await checkout()).status, (await checkout()).status, (await checkout()).status], [
      404,
      404,
      429,
    ]);
    const { body } = await ask(url, "GET", "/api/audit", undefined, admin);
    const [act, ...none] = body.data as unknown as Record<string, unknown>[];
    assert.deepEqual([act!["act"], act!["target"], act!["status"], none.length], [
      "coupon.create",
      ["promo"],
      201,
      0,
    ]);
    assert.equal(act!["address"], "127.0.0.1");
    assert.match(said(), /"known":\["ADMIN_TOKEN","SERVICE_TOKEN","JWT_SECRET"\]/);
    assert.doesNotMatch(said(), /Deno\.serve/, "nothing that the runtime warns of");
  });
});

Deno.test("a server on loopback with one token asks everyone; without any it says that it asks no one", async () => {
  await withNode({ SERVICE_TOKEN }, async ({ url, said }) => {
    assert.equal((await ask(url, "POST", "/api/coupons", {})).status, 401);
    assert.equal((await ask(url, "POST", "/api/coupons", {}, bearer(SERVICE_TOKEN))).status, 403);
    assert.doesNotMatch(said(), /not authenticated/);
  });
  await withNode({}, async ({ url, said }) => {
    assert.equal((await ask(url, "GET", "/api/audit")).status, 200);
    assert.match(said(), /Callers are not authenticated: this node listens on loopback alone/);
  });
});

Deno.test("a server that asks no one counts the checkouts of each user where it is told to", async () => {
  await withNode({ RATE_LIMIT: "2" }, async ({ url }) => {
    const checkout = (user: string) => ask(url, "POST", `/checkout?user_id=${user}&id=999999`);
    const said = [];
    for (const user of ["ann", "ann", "ann", "bob"]) said.push((await checkout(user)).status);
    assert.deepEqual(said, [404, 404, 429, 404]);
  });
});

Deno.test("a server takes users' tokens that a key of its JWKS_FILE signed", async () => {
  const { privateKey, publicKey } = await generateKeyPair("ES256", { extractable: true });
  const file = await Deno.makeTempFile({ suffix: ".json" });
  try {
    await Deno.writeTextFile(file, JSON.stringify({ keys: [await exportJWK(publicKey)] }));
    const env = { ADMIN_TOKEN, JWKS_FILE: file, JWT_ISSUER: "https://login.example", JWT_AUDIENCE: "doorbuster" };
    await withNode(env, async ({ url }) => {
      const signed = (aud: string) =>
        new SignJWT({ sub: "ann", iss: env.JWT_ISSUER, aud }).setProtectedHeader({ alg: "ES256" }).setExpirationTime(
          "1h",
        )
          .sign(privateKey);
      const look = async (token: string) =>
        (await ask(url, "GET", "/api/coupons/none/claims/ann", undefined, bearer(token))).status;
      assert.equal(await look(await signed("doorbuster")), 404);
      assert.equal(await look(await signed("another")), 401);
      assert.equal(await look(await userToken("ann", Date.now())), 401);
    });
  } finally {
    await Deno.remove(file);
  }
});

Deno.test("a user's token reaches that user's hold through any node of a cluster, and no other's", async () => {
  await withCluster({ env: TOKEN_ENV }, async ({ urls }: TestCluster) => {
    const [ann, eve] = await Promise.all(["ann", "eve"].map(async (sub) => bearer(await userToken(sub, Date.now()))));
    let items: { id: number }[] = [];
    await until(async () => {
      const { body } = await ask(urls[0]!, "GET", "/api/sales/current/items?state=available");
      items = (body.data ?? []) as unknown as { id: number }[];
      return items.length > 0;
    }, { what: "the sale" });
    for (const [place, url] of urls.entries()) {
      const path = `/checkout?user_id=ann&id=${items[place]!.id}`;
      const { code } = (await ask(urls[0]!, "POST", path, undefined, ann!)).body;
      for (const other of urls) {
        for (const [method, act] of [["POST", "purchase"], ["DELETE", "checkout"], ["GET", "checkout"]]) {
          const { status, body } = await ask(other, method!, `/${act}?code=${code}`, undefined, eve!);
          assert.deepEqual([status, body.code], [403, "forbidden"], `${method} ${act}`);
        }
      }
      assert.equal((await ask(url, "POST", `/purchase?code=${code}`, undefined, ann!)).status, 200);
    }
    assert.equal((await ask(urls[1]!, "GET", "/cluster")).status, 401);
  });
});
