/** Which PostgreSQL do settings name, and what is said of those that name none? */
import assert from "node:assert/strict";
import fc from "fast-check";
import { ConfigError, readConfig } from "../../../src/config/config.ts";
import { type DatabaseTarget, parseDatabaseUrl } from "../../../src/config/database_url.ts";

const USUAL: DatabaseTarget = {
  host: "db.example",
  port: 5_432,
  user: "shop",
  password: "pw",
  database: "sales",
  applicationName: undefined,
  options: undefined,
  tls: { mode: "disable", rootCert: undefined, cert: undefined, key: undefined },
};

const READ: Readonly<Record<string, Partial<DatabaseTarget>>> = {
  "postgres://shop:pw@db.example/sales": {},
  "postgresql://shop:pw@db.example:5432/sales": {},
  "POSTGRES://shop:pw@db.example/sales": {},
  "postgres://shop:p%40%2F%3A%25%20%C3%A9@db.example:6543/my%2Fdb": {
    password: "p@/:% é",
    port: 6_543,
    database: "my/db",
  },
  "postgres://shop:p@ss,w=rd@db.example/sales": { password: "p@ss,w=rd" },
  "postgres://shop@127.0.0.1/sales": { host: "127.0.0.1", password: undefined },
  "postgres://db.example/sales": { user: undefined, password: undefined },
  "postgres://shop:pw@[::1]:5433/sales": { host: "::1", port: 5_433 },
  "postgres:///sales": { host: "localhost", user: undefined, password: undefined },
  "postgres://shop:pw@%2Fvar%2Frun%2Fpostgresql/sales": { host: "/var/run/postgresql" },
  "postgres:///sales?host=/var/run/postgresql&user=shop&password=p%26w&port=5433": {
    host: "/var/run/postgresql",
    password: "p&w",
    port: 5_433,
  },
  "postgres://shop:pw@db.example/sales?application_name=a+b&options=-c%20geqo%3Doff": {
    applicationName: "a+b",
    options: "-c geqo=off",
  },
};

for (const [url, told] of Object.entries(READ)) {
  Deno.test(`DATABASE_URL=${url} is read part by part`, () => {
    assert.deepEqual(parseDatabaseUrl(url), { ...USUAL, ...told });
    assert.equal(readConfig({ DATABASE_URL: url }).databaseUrl, url);
  });
}

Deno.test("sslmode and its files mean what they mean to libpq; a certificate alone asks for all", () => {
  const tls = (query: string) => {
    const { mode, rootCert, cert, key } = parseDatabaseUrl(`postgres://shop:pw@db.example/sales?${query}`).tls;
    return [mode, rootCert, cert, key];
  };
  for (const mode of ["disable", "prefer", "require", "verify-full"] as const) {
    assert.deepEqual(tls(`sslmode=${mode}`), [mode, undefined, undefined, undefined]);
  }
  assert.deepEqual(tls("sslmode=verify-ca&sslrootcert=/ca.crt"), ["verify-ca", "/ca.crt", undefined, undefined]);
  assert.deepEqual(tls("sslrootcert=/ca.crt"), ["verify-full", "/ca.crt", undefined, undefined]);
  assert.deepEqual(tls("sslcert=/a.crt&sslkey=/a.key"), ["verify-full", undefined, "/a.crt", "/a.key"]);
  assert.deepEqual(tls("sslmode=&sslrootcert="), ["disable", undefined, undefined, undefined]);
  assert.deepEqual(tls("sslmode=verify-full&sslrootcert=system"), ["verify-full", undefined, undefined, undefined]);
});

const BLANK = /; it has white space or a control character$/;
const HOSTS = /; it names several hosts, but only one is supported$/;
const NOT_WELL_FORMED = /; its host or its port is not well-formed$/;
const REFUSED: readonly [string, RegExp][] = [
  [" postgres://u:hunter@h/d", BLANK],
  ["postgres://u:hunter@h/d ", BLANK],
  ["postgres://u:hunter@h/d\n", BLANK],
  ["\tpostgres://u:hunter@h/d", BLANK],
  ["postgres://u:hun ter@h/d", BLANK],
  ["postgres://u:hunter@h/d%00x", BLANK],
  ["postgres://u%0a:hunter@h/d", BLANK],
  ["\u00a0postgres://u:hunter@h/d", BLANK],
  ["\ufeffpostgres://u:hunter@h/d", BLANK],
  ["postgres://u:hunter@h1,h2/d", HOSTS],
  ["postgres://u:hunter@h1:5432,h2:5433/d", HOSTS],
  ["postgres://u:hunter@h1:5432,h2/d", HOSTS],
  ["postgres://u:hunter@h1%2Ch2/d", HOSTS],
  ["postgres://u:hunter@[::1],[::2]/d", HOSTS],
  ["postgres:///d?host=h1,h2", HOSTS],
  ["postgres://u:hunter@h/d?port=1,2", HOSTS],
  ["mysql://u:hunter@h/d", /; it does not begin with postgres:\/\/$/],
  ["postgres:/u:hunter@h/d", /; it does not begin with postgres:\/\/$/],
  ["postgres:d", /; it does not begin with postgres:\/\/$/],
  ["host=h dbname=d password=hunter", /; it has white space/],
  ["u:hunter@h/d", /; it does not begin with postgres:\/\/$/],
  ["postgres://u:hunter@h", /; it names no database$/],
  ["postgres://u:hunter@h/", /; it names no database$/],
  ["postgres://u:1?hunter=2@h/d", /; it names no database$/],
  ["postgres://u:1/hunter@h/d", /; it has a '\/' too many: within a part it must be written as %2F$/],
  ["postgres://u:1/hunter@h", /; its path has an '@', which must be written as %40$/],
  ["postgres://u:1/d?hunter=2@h/d", /; it has an unknown parameter; the known ones are host, /],
  ["postgres://u:hun#ter@h/d", NOT_WELL_FORMED],
  ["postgres://u:1#hunter@h/d", /; it has a '#', which must be written as %23$/],
  ["postgres://u:hun%ter@h/d", /; it has a '%' that must be written as %25$/],
  ["postgres://u:hunter@h:0/d", NOT_WELL_FORMED],
  ["postgres://u:hunter@h:65536/d", NOT_WELL_FORMED],
  ["postgres://u:hunter@h:port/d", NOT_WELL_FORMED],
  ["postgres://u:hunter@h!/d", NOT_WELL_FORMED],
  ["postgres://u:hunter@h/d?sslmod=require", /; it has an unknown parameter 'sslmod'; the known ones are host, port, /],
  ["postgres://u:hunter@h/d?statement_timeout=0", /; it has an unknown parameter 'statement_timeout'/],
  ["postgres://u:hunter@h/d?sslmode=no-verify", /; its sslmode is not one of disable, prefer, require, verify-ca/],
  ["postgres://u:hunter@h/d?sslmode=require&sslmode=disable", /; it has the parameter 'sslmode' twice$/],
  ["postgres://u:hunter@h/d?sslmode=verify-ca", /; its sslmode=verify-ca needs an sslrootcert/],
  ["postgres://u:hunter@h/d?sslmode=require&sslrootcert=system", /; its sslrootcert=system needs sslmode=verify-full$/],
  ["postgres://u:hunter@h/d?sslcert=/a.crt", /; sslcert and sslkey must be given together$/],
];

for (const [value, why] of REFUSED) {
  Deno.test(`DATABASE_URL=${JSON.stringify(value)} is refused by one line that repeats none of it`, () => {
    assert.throws(() => readConfig({ DATABASE_URL: value }), (error) => {
      assert(error instanceof ConfigError);
      assert.match(
        error.message,
        /^DATABASE_URL=\*\*\*: must be a URL such as postgres:\/\/host:5432\/database, with user:password@ before the host; /,
      );
      assert.match(error.message, why);
      assert.doesNotMatch(error.message, /hun|ter@|\n/);
      return true;
    });
  });
}

const PARTS = {
  DB_HOST: "db",
  DB_PORT: "6543",
  DB_USER: "coupon_user",
  DB_PASSWORD: "coupon_pass",
  DB_NAME: "coupon_db",
};

Deno.test("DB_HOST and its siblings name a PostgreSQL where DATABASE_URL does not", () => {
  assert.equal(readConfig(PARTS).databaseUrl, "postgres://coupon_user:coupon_pass@db:6543/coupon_db");
  assert.equal(
    readConfig({ ...PARTS, DB_PORT: "" }).databaseUrl,
    "postgres://coupon_user:coupon_pass@db:5432/coupon_db",
  );
  assert.equal(readConfig({ DB_USER: "u", DB_NAME: "d" }).databaseUrl, "postgres://u@localhost:5432/d");
  assert.equal(parseDatabaseUrl(readConfig({ ...PARTS, DB_HOST: "::1" }).databaseUrl!).host, "::1");
  assert.equal(parseDatabaseUrl(readConfig({ ...PARTS, DB_HOST: "/run/pg" }).databaseUrl!).host, "/run/pg");
  const url = "postgres://u@h/d";
  assert.equal(readConfig({ ...PARTS, DATABASE_URL: url }).databaseUrl, url);
  // A cluster manager may set such a DB_PORT for a service of the name `db`.
  assert.equal(readConfig({ DATABASE_URL: url, DB_PORT: "tcp://10.0.0.1:5432" }).databaseUrl, url);
});

Deno.test("whatever characters a role, its password and a database have, their URL gives them back", () => {
  const part = fc.string({ unit: "grapheme", minLength: 1, maxLength: 30 }).filter((text) => !/\p{Cc}/u.test(text));
  const odd = fc.stringMatching(/^[@/:?#%&+=, \\"'[\]<>a1]{1,12}$/);
  fc.assert(fc.property(fc.oneof(part, odd), fc.oneof(part, odd), fc.oneof(part, odd), (user, password, database) => {
    fc.pre(!/^\.\.?$/.test(database));
    const env = { DB_USER: user, DB_PASSWORD: password, DB_NAME: database };
    const read = parseDatabaseUrl(readConfig(env).databaseUrl!);
    assert.deepEqual([read.user, read.password, read.database], [user, password, database]);
  }));
});

Deno.test("half of a PostgreSQL's parts, and parts that cannot be, are refused by a line each that tells no secret", () => {
  const cases: [Record<string, string>, RegExp][] = [
    [
      { DB_HOST: "db" },
      /^DB_USER=: must be set, since DB_HOST is set and DATABASE_URL is not\nDB_NAME=: must be set, /,
    ],
    [{ DB_PASSWORD: "hunter" }, /^DB_USER=: must be set, since DB_PASSWORD is set and DATABASE_URL is not\nDB_NAME=: /],
    [{ ...PARTS, DB_NAME: "" }, /^DB_NAME=: must be set, since DB_HOST is set and DATABASE_URL is not$/],
    [{ ...PARTS, DB_PORT: "0" }, /^DB_PORT=0: must be a whole number from 1 to 65535$/],
    [
      { ...PARTS, DB_HOST: "a,b" },
      /^DB_HOST=a,b: must be the name, address or socket folder of a single PostgreSQL server$/,
    ],
    [{ ...PARTS, DB_HOST: " db" }, /^DB_HOST= db: must be the name/],
    [{ ...PARTS, DB_HOST: "db:5432" }, /^DB_HOST=db:5432: must be the name/],
    [{ ...PARTS, DB_HOST: "postgres://u:hunter@h/d" }, /^DB_HOST=\*\*\*: must be the name/],
    [
      { ...PARTS, DB_PASSWORD: "hunter\n" },
      /^DB_PASSWORD=\*\*\*: must be a text without line ends or other control characters$/,
    ],
    [{ ...PARTS, DB_NAME: ".." }, /^DB_NAME=\*\*\*: must be another name, because a URL cannot contain this one$/],
    [{ ...PARTS, DB_USER: "u\0" }, /^DB_USER=\*\*\*: must be a text without line ends/],
  ];
  for (const [env, lines] of cases) {
    assert.throws(() => readConfig(env), (error) => {
      assert(error instanceof ConfigError && lines.test(error.message), String(error));
      assert(!error.message.includes("hunter"));
      return true;
    });
  }
});

Deno.test("SERVER_PORT is the port where PORT is not set, and is not looked at where it is", () => {
  assert.equal(readConfig({ SERVER_PORT: "9090" }).port, 9_090);
  assert.equal(readConfig({ PORT: "", SERVER_PORT: "9090" }).port, 9_090);
  assert.equal(readConfig({ PORT: "8081", SERVER_PORT: "tcp://10.0.0.1:80" }).port, 8_081);
  assert.throws(() => readConfig({ SERVER_PORT: "none" }), /^ConfigError: SERVER_PORT=none: must be a whole number/);
});
