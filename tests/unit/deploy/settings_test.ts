import assert from "node:assert/strict";
import { ConfigError, readConfig, settingNames } from "../../../src/config/config.ts";
import { SERVE_ENV } from "../../../tools/serve_args.ts";
import { nodes, services, wanted } from "../../support/compose.ts";
import { knownSettings, nodeEnvironments } from "../../support/deploy_settings.ts";
import { allowedNames, image, projectFile } from "../../support/image.ts";

/** Settings alone: what else is set is the C library's. */
const imageEnvironment = Object.fromEntries(
  image("ENV").map((it) => it.split("=") as [string, string]).filter(([name]) => !Object.hasOwn(SERVE_ENV, name)),
);

Deno.test("settingNames() tells what readConfig() asks for, and throws as it does", () => {
  const names = settingNames();
  for (const name of ["PORT", "HOST", "DATABASE_URL", "KEEP_ATTEMPTS"]) assert(names.has(name), name);
  assert.throws(() => settingNames({ PORT: "none" }), ConfigError);
});

Deno.test("every variable that a node is given is a setting", () => {
  const settings = knownSettings();
  const given = [...nodes.values()].flatMap(({ environment = {} }) => Object.keys(environment));
  assert(given.includes("DATABASE_URL"));
  assert.deepEqual([...given, ...Object.keys(imageEnvironment)].filter((name) => !settings.has(name)), []);
});

Deno.test("the node may read its settings, and nothing else of its environment", () => {
  assert.deepEqual(allowedNames().sort(), [...knownSettings()].sort());
});

Deno.test("readConfig() accepts what each node is given, beyond loopback, and its callers are known", () => {
  assert.equal(nodeEnvironments.length, 3);
  for (const env of nodeEnvironments) {
    const { databaseUrl, host, callers, trustProxy } = readConfig({ ...imageEnvironment, ...env });
    assert.deepEqual([databaseUrl, host], [env["DATABASE_URL"], "0.0.0.0"]);
    for (const name of ["adminToken", "serviceToken", "jwtSecret"] as const) assert(callers![name] !== undefined, name);
    assert(trustProxy, "the balancer alone reaches a node, and says whom it serves");
    for (const name of ["ADMIN_TOKEN", "SERVICE_TOKEN", "JWT_SECRET"]) {
      const rest = { ...imageEnvironment, ...env, [name]: "" };
      if (name === "ADMIN_TOKEN") assert.throws(() => readConfig(rest), /^ConfigError: ADMIN_TOKEN=: /);
      else assert.equal(readConfig(rest).host, "0.0.0.0", `${name} is one of two`);
    }
  }
});

Deno.test(".env.example names what docker-compose.yml wants to be told: the required blank, the rest commented out", () => {
  const told = new Map<string, "required" | "optional">();
  for (const [, comment, name, value] of projectFile(".env.example").matchAll(/^(# )?([A-Z_]+)=(.*)$/gm)) {
    told.set(name!, comment === undefined ? "required" : "optional");
    if (comment === undefined) assert.equal(value, "", `${name} holds no secret`);
  }
  assert.deepEqual([...told].sort(), [...wanted()].sort());
});

Deno.test("no secret stands in docker-compose.yml", () => {
  const environments = [...services.values()].flatMap(({ environment = {} }) => Object.entries(environment));
  const secrets = environments.filter(([name]) => /(PASSWORD|SECRET|TOKEN|AUTH)$/.test(name));
  assert(secrets.length >= 7);
  for (const [name, value] of secrets) assert.match(String(value), /^\$\{[A-Z_]+:\?[^}]+\}$/, name);
  const inUrls = environments.flatMap(([, value]) => /:\/\/[^/]*?:(.*)@/.exec(String(value))?.[1] ?? []);
  assert.equal(inUrls.length, nodes.size + 1, "of PostgreSQL and of Redis");
  for (const password of inUrls) assert.match(password, /^\$\{[A-Z_]+:\?[^}]+\}$/);
});
