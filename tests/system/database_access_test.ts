/** Is an operator told at once of a database that waiting will not bring? */
import assert from "node:assert/strict";
import { freshDatabase } from "../support/database.ts";
import { refusedStart, startNode } from "../support/node.ts";
import { startTlsPostgres } from "../support/tls_postgres.ts";

const WAITING = "Waiting for the database";

Deno.test("what waiting will not heal is one line at once: a wrong database, role, password, right or certificate", async () => {
  const { urlOf, path, stop } = await startTlsPostgres();
  const at = (database: string, url: string) => url.replace("/postgres", `/${database}`);
  const secretive = (password: string) => urlOf("secretive").replace("secretive", `secretive:${password}`);
  const cases: [string, RegExp][] = [
    [at("none", urlOf("doorbuster")), /database "none" does not exist$/m],
    [urlOf("nobody"), /role "nobody" does not exist$/m],
    [urlOf("sleeper"), /role "sleeper" is not permitted to log in$/m],
    [
      at("closed", urlOf("certified", `?sslmode=require&sslcert=${path("client.crt")}&sslkey=${path("client.key")}`)),
      /permission denied for database "closed"$/m,
    ],
    [urlOf("outsider"), /pg_hba.conf rejects connection for host "127.0.0.1", user "outsider"/],
    [at("encrypted", urlOf("doorbuster")), /pg_hba.conf rejects connection .* no encryption$/m],
    [secretive("hunter2"), /password authentication failed for user "secretive"$/m],
    [urlOf("secretive"), /password must be a/],
    [urlOf("doorbuster", "?sslmode=verify-full"), /self-signed certificate/],
    [
      urlOf("doorbuster", `?sslrootcert=${path("none.crt")}`),
      /DATABASE_URL=\*\*\*: must be a URL whose sslrootcert is usable/,
    ],
  ];
  try {
    for (const [databaseUrl, line] of cases) {
      const { code, said } = await refusedStart({ databaseUrl });
      assert.equal(code, 1, said);
      assert.match(said, /^doorbuster: /m);
      assert.match(said, line);
      assert(!said.includes(WAITING) && !said.includes("hunter2"), said);
      assert.equal(said.trim().split("\n").length, 1, said);
    }
    const { said } = await refusedStart({ databaseUrl: secretive("a%20b%3Ac%2Fd%40e") });
    assert.match(said, /its role be allowed to change it$/m, "with its password it is let in");
  } finally {
    await stop();
  }
});

Deno.test("DB_HOST and its siblings serve as DATABASE_URL does", async () => {
  const url = new URL(await freshDatabase());
  const { hostname: DB_HOST, port: DB_PORT, username: DB_USER } = url;
  const node = await startNode({
    env: { DB_HOST, DB_PORT, DB_USER, DB_NAME: url.pathname.slice(1), DB_PASSWORD: "any" },
  });
  try {
    assert(node.said().includes(`PostgreSQL at ${url.host}${url.pathname}`), node.said());
  } finally {
    await node.stop();
  }
});
