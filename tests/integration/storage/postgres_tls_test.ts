/** What do the TLS parameters of a URL come to, at a PostgreSQL with TLS and at one without? */
import assert from "node:assert/strict";
import { SessionRefused } from "../../../src/storage/sql.ts";
import { openTestPostgres } from "../../support/storage.ts";
import { startTlsPostgres } from "../../support/tls_postgres.ts";

/** Whether a session by this url is encrypted, and of whom its certificate is; or why there is none. */
async function session(url: string): Promise<unknown> {
  const database = await openTestPostgres(url);
  try {
    const sql = "select ssl, client_dn from pg_stat_ssl where pid = pg_backend_pid()";
    return (await database.views.query(sql))[0];
  } catch (error) {
    assert(error instanceof SessionRefused, `${url}: ${error}`);
    return error.message.replace("Cannot connect to PostgreSQL: ", "");
  } finally {
    await database.close();
  }
}

Deno.test("sslmode and its certificates decide whether a session is encrypted, and with whom", async () => {
  const { path, urlOf, stop } = await startTlsPostgres();
  const [ca, other] = ["ca.crt", "other.crt"].map((name) => `&sslrootcert=${path(name)}`);
  const own = `&sslcert=${path("client.crt")}&sslkey=${path("client.key")}`;
  const PLAIN = [false, null];
  const ENCRYPTED = [true, null];
  const STRANGE = /self-signed certificate/;
  const OF_ANOTHER_HOST = /does not match certificate's altnames/;
  const cases: [string, "127.0.0.1" | "localhost", unknown[] | RegExp][] = [
    ["", "localhost", PLAIN],
    ["?sslmode=disable", "localhost", PLAIN],
    ["?sslmode=prefer", "127.0.0.1", ENCRYPTED],
    ["?sslmode=require", "127.0.0.1", ENCRYPTED],
    [`?sslmode=require${ca}`, "127.0.0.1", ENCRYPTED],
    [`?sslmode=require${other}`, "localhost", STRANGE],
    [`?sslmode=verify-ca${ca}`, "127.0.0.1", ENCRYPTED],
    [`?sslmode=verify-ca${other}`, "localhost", STRANGE],
    [`?sslmode=verify-full${ca}`, "localhost", ENCRYPTED],
    [`?sslmode=verify-full${ca}`, "127.0.0.1", OF_ANOTHER_HOST],
    [`?sslmode=verify-full${other}`, "localhost", STRANGE],
    ["?sslmode=verify-full", "localhost", STRANGE],
    [`?${ca!.slice(1)}`, "localhost", ENCRYPTED],
    [`?${ca!.slice(1)}`, "127.0.0.1", OF_ANOTHER_HOST],
  ];
  try {
    for (const [query, host, expected] of cases) {
      const told = await session(urlOf("doorbuster", query, host));
      if (expected instanceof RegExp) assert.match(String(told), expected, `${query} at ${host}`);
      else assert.deepEqual(told, expected, `${query} at ${host}`);
    }
    const certified = await session(urlOf("certified", `?sslmode=verify-full${ca}${own}`, "localhost"));
    assert.deepEqual(certified, [true, "/CN=certified"]);
    assert.match(String(await session(urlOf("certified", `?sslmode=require`))), /valid client certificate/);
  } finally {
    await stop();
  }
});

Deno.test("a PostgreSQL without TLS is good enough for sslmode=prefer alone", async () => {
  const { path, urlOf, stop } = await startTlsPostgres(false);
  try {
    assert.deepEqual(await session(urlOf("doorbuster", "?sslmode=prefer")), [false, null]);
    for (const query of ["?sslmode=require", `?sslrootcert=${path("ca.crt")}`]) {
      assert.equal(await session(urlOf("doorbuster", query)), "The server does not support SSL connections");
    }
  } finally {
    await stop();
  }
});
