import assert from "node:assert/strict";
import { UnsafeDatabase } from "../../../src/storage/mod.ts";
import { type Database, NotConnected, type Row } from "../../../src/storage/sql.ts";
import { freshDatabase } from "../../support/database.ts";
import { openTestPostgres, openTestStorage } from "../../support/storage.ts";

/** A server with these settings, that gives no session to migrate by. */
function serverWith(fsync: string, fullPageWrites: string, embedded: boolean): Database {
  const views = { query: (): Promise<Row[]> => Promise.resolve([[fsync, fullPageWrites, "UTF8"]]) };
  const connect = () => Promise.reject(new NotConnected("it may serve"));
  const close = () => Promise.resolve();
  return {
    description: "fake",
    embedded,
    lanesMax: 1,
    connect,
    activations: views,
    views,
    reports: views,
    lists: views,
    close,
  };
}

for (
  const [fsync, fullPageWrites, embedded, allowUnsafe, isRefused] of [
    ["on", "on", false, false, false],
    ["off", "on", false, false, true],
    ["on", "off", false, false, true],
    ["off", "off", false, false, true],
    ["off", "on", false, true, false],
    ["off", "off", true, false, false],
  ] as const
) {
  const what = `fsync=${fsync}, full_page_writes=${fullPageWrites}`;
  const where = embedded ? ", embedded" : allowUnsafe ? ", allowed" : "";
  Deno.test(`openStorage() ${isRefused ? "refuses" : "takes"} a server with ${what}${where}`, async () => {
    const opened = openTestStorage(serverWith(fsync, fullPageWrites, embedded), { allowUnsafe });
    await assert.rejects(opened, (error) => {
      assert(error instanceof (isRefused ? UnsafeDatabase : NotConnected), String(error));
      if (isRefused) assert(error.message.includes(what), error.message);
      return true;
    });
  });
}

for (const [encoding, allowUnsafe, isRefused] of [["SQL_ASCII", false, false], ["LATIN1", true, true]] as const) {
  Deno.test(`openStorage() ${isRefused ? "refuses" : "takes"} a database in ${encoding}`, async () => {
    const database = await openTestPostgres(await freshDatabase(`encoding '${encoding}' locale 'C'`));
    const opened = openTestStorage(database, { allowUnsafe });
    if (!isRefused) return await (await opened).close();
    await assert.rejects(opened, { name: "UnsafeDatabase", message: /: server_encoding=LATIN1;/ });
    await database.close();
  });
}
