import assert from "node:assert/strict";
import { migrate, MigrationError } from "../../../src/storage/migrate.ts";
import type { Migration } from "../../../src/storage/migrations/mod.ts";
import type { Connection, Database } from "../../../src/storage/sql.ts";
import { openTestEmbedded, openTestPostgres } from "../../support/storage.ts";

const ONE: Migration = { number: 1, name: "0001_one", sql: "-- compatible-with: 1\ncreate table one (id integer);" };
const TWO: Migration = { number: 2, name: "0002_two", sql: "-- compatible-with: 1\ncreate table two (id integer);" };
const BREAKING: Migration = { number: 2, name: "0002_break", sql: "-- compatible-with: 2\ndrop table one;" };

for (const [name, open] of [["PostgreSQL", openTestPostgres], ["embedded", openTestEmbedded]] as const) {
  const test = (behaviour: string, body: (connection: Connection, database: Database) => Promise<void>) =>
    Deno.test(`migrate() on ${name}: ${behaviour}`, async () => {
      const database = await open();
      const connection = await database.connect();
      try {
        await body(connection, database);
      } finally {
        connection.destroy();
        await database.close();
      }
    });

  test("applies each file once, in order", async (connection) => {
    assert.deepEqual(await migrate(connection, [ONE]), ["0001_one"]);
    assert.deepEqual(await migrate(connection, [ONE, TWO]), ["0002_two"]);
    assert.deepEqual(await migrate(connection, [ONE, TWO]), []);
    await connection.query("insert into two values (1)");
  });

  test("refuses an edited file", async (connection) => {
    await migrate(connection, [ONE]);
    const edited = { ...ONE, sql: ONE.sql + " " };
    await assert.rejects(migrate(connection, [edited]), (error) => {
      assert(error instanceof MigrationError);
      assert.match(error.message, /0001_one was edited/);
      return true;
    });
  });

  test("accepts a newer schema that says so, and refuses one that does not", async (connection) => {
    await migrate(connection, [ONE, TWO]);
    assert.deepEqual(await migrate(connection, [ONE]), [], "a rolling upgrade's older node");
  });

  test("refuses a newer schema that needs newer code", async (connection) => {
    await migrate(connection, [ONE, BREAKING]);
    await assert.rejects(
      migrate(connection, [ONE]),
      /newer than this code: 0002_break needs code that knows migration 2/,
    );
  });

  const stepOf = (source: string, run: (connection: Connection) => Promise<void>): Migration => ({
    ...TWO,
    step: { source, run },
  });

  test("runs a step after its SQL, once, in the same transaction", async (connection) => {
    const fill = stepOf("fill", async (session) => void await session.query("insert into two values (7)"));
    assert.deepEqual(await migrate(connection, [ONE, fill]), ["0001_one", "0002_two"]);
    assert.deepEqual(await migrate(connection, [ONE, fill]), []);
    assert.deepEqual(await connection.query("select id from two"), [[7]]);
  });

  test("leaves nothing of a step that fails, and says what it says", async (connection) => {
    const broken = stepOf("broken", async (session) => {
      await session.query("insert into two values (7)");
      throw new MigrationError("two would be one");
    });
    await assert.rejects(migrate(connection, [ONE, broken]), { name: "MigrationError", message: "two would be one" });
    assert.deepEqual(await migrate(connection, [ONE, TWO]), ["0002_two"]);
    assert.deepEqual(await connection.query("select id from two"), []);
  });

  test("refuses a step that was edited, but for its imports", async (connection) => {
    const nothing = () => Promise.resolve();
    await migrate(connection, [
      ONE,
      stepOf('import { a } from "../../storage/a.ts";\nimport {\n  b,\n} from "../../storage/b.ts";\nx();\n', nothing),
    ]);
    assert.deepEqual(
      await migrate(connection, [ONE, stepOf('import { a, b } from "../../c.ts";\nx();\n', nothing)]),
      [],
    );
    for (const edited of [stepOf("y();\n", nothing), TWO]) {
      await assert.rejects(migrate(connection, [ONE, edited]), /0002_two was edited/);
    }
  });

  test("leaves nothing of a file that fails", async (connection) => {
    const broken = { ...TWO, sql: TWO.sql + " select nonsense;" };
    await assert.rejects(migrate(connection, [ONE, broken]), {
      name: "MigrationError",
      message: /^Cannot bring the schema up to date: column "nonsense" does not exist \(SQLSTATE 42703\); it must be/,
    });
    assert.deepEqual(await migrate(connection, [ONE, TWO]), ["0002_two"]);
  });
}

Deno.test("migrate() by five at once applies each file once", async () => {
  const database = await openTestPostgres();
  const connections = await Promise.all(Array.from({ length: 5 }, () => database.connect()));
  try {
    const done = await Promise.all(connections.map((connection) => migrate(connection, [ONE, TWO])));
    assert.deepEqual(done.flat().sort(), ["0001_one", "0002_two"]);
  } finally {
    for (const connection of connections) connection.destroy();
    await database.close();
  }
});

Deno.test("migrate() refuses somebody else's table of migrations", async () => {
  const database = await openTestPostgres();
  const connection = await database.connect();
  try {
    await connection.query("create table migrations (version text)");
    await assert.rejects(migrate(connection, [ONE]), {
      name: "MigrationError",
      message: /it must be Doorbuster's own/,
    });
  } finally {
    connection.destroy();
    await database.close();
  }
});

Deno.test("migrate() makes nothing on a schema that is up to date", async () => {
  const database = await openTestPostgres();
  const [owner, server] = [await database.connect(), await database.connect()];
  const role = `server_${crypto.randomUUID().replaceAll("-", "")}`;
  try {
    await migrate(owner, [ONE]);
    await owner.script(`create role ${role}; grant select on migrations to ${role}`);
    await owner.script("revoke create on schema public from public");
    await server.script(`set role ${role}`);
    assert.deepEqual(await migrate(server, [ONE]), []);
    await assert.rejects(migrate(server, [ONE, TWO]), { name: "MigrationError", message: /permission denied/ });
  } finally {
    await owner.script(`drop owned by ${role}; drop role ${role}`);
    owner.destroy();
    server.destroy();
    await database.close();
  }
});

Deno.test("migrate() makes its tables where they are made, whatever another schema of the path holds", async () => {
  const database = await openTestPostgres();
  const connection = await database.connect();
  try {
    await migrate(connection, [ONE]);
    await connection.script("create schema second; set search_path = second, public");
    assert.deepEqual(await migrate(connection, [ONE]), ["0001_one"]);
  } finally {
    connection.destroy();
    await database.close();
  }
});
