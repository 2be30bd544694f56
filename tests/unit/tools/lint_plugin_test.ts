import assert from "node:assert/strict";
import plugin, { placeOf } from "../../../tools/lint_plugin.ts";

/** A rule, a file of any checkout, its source, and a part of each message expected: none where it passes. */
type Case = readonly [rule: string, file: string, source: string, ...messages: string[]];

const cases: readonly Case[] = [
  // The domain.
  ["module-imports", "src/domain/a.ts", `import { b } from "./b.ts"; export * from "./deep/c.ts";`],
  ["module-imports", "src/domain/a.ts", `import type { Clock } from "../ports/clock.ts";`, "nothing but its own files"],
  ["module-imports", "src/domain/a.ts", `import { pipe } from "remeda";`, "No library (remeda) in src/domain"],
  ["module-imports", "src/domain/money.ts", `import Big from "big.js";`],
  ["module-imports", "src/domain/money.ts", `import { pipe } from "remeda";`, "No library (remeda) in src/domain"],
  ["module-imports", "src/domain/a.ts", `import Big from "big.js";`, "No library (big.js) in src/domain"],
  ["module-imports", "src/domain/deep/money.ts", `import Big from "big.js";`, "No library (big.js) in src/domain"],
  ["module-imports", "src/domain/a.ts", `import { createHash } from "node:crypto";`, "No library (node:crypto)"],
  ["module-imports", "src/domain/a.ts", `import log from "../main.ts";`, "may not import ../main.ts"],
  // What modules share.
  [
    "module-imports",
    "src/config/a.ts",
    `import { wrong } from "./settings.ts"; import { readFileSync } from "node:fs";`,
  ],
  [
    "module-imports",
    "src/config/a.ts",
    `import type { Member } from "../cluster/member.ts";`,
    "nothing but its own files",
  ],
  ["module-imports", "src/config/a.ts", `import pg from "pg";`, "No library (pg) in src/config"],
  ["module-imports", "src/ports/a.ts", `import type { Kind } from "../domain/decision.ts";`],
  ["module-imports", "src/ports/a.ts", `import type { Actor } from "../actors/actor.ts";`, "only src/domain/"],
  ["module-imports", "src/ports/a.ts", `import * as z from "zod";`, "No library (zod) in src/ports"],
  ["module-imports", "src/contract/a.ts", `import * as z from "zod"; import { moneyOf } from "../domain/money.ts";`],
  ["module-imports", "src/contract/a.ts", `import { Hono } from "hono";`, "No library (hono) in src/contract"],
  ["module-imports", "src/contract/a.ts", `import { problem } from "../http/answers/problem.ts";`, "only src/domain/"],
  [
    "module-imports",
    "src/csv/a.ts",
    `import { parse } from "csv-parse/sync"; import { termsOf } from "../contract/checks.ts";`,
  ],
  ["module-imports", "src/csv/a.ts", `import { problem } from "../http/answers/problem.ts";`, "may not import"],
  // The actors.
  ["module-imports", "src/actors/a.ts", `import { b } from "../domain/b.ts"; import type { c } from "../ports/c.ts";`],
  [
    "module-imports",
    "src/actors/a.ts",
    `import { pool } from "../storage/pool.ts";`,
    "may import only src/ports/ and src/domain/",
  ],
  ["module-imports", "src/actors/a.ts", `import { retry } from "@std/async/retry";`, "No library (@std/async/retry)"],
  // The modules around them.
  ["module-imports", "src/storage/a.ts", `import pg from "pg"; import type { Store } from "../ports/mod.ts";`],
  ["module-imports", "src/storage/a.ts", `import sql from "./migrations/0001.sql" with { type: "text" };`],
  [
    "module-imports",
    "src/storage/a.ts",
    `import { Mailbox } from "../actors/mailbox.ts";`,
    "only src/ports/ and src/domain/",
  ],
  ["module-imports", "src/storage/deep/a.ts", `import type { Clock } from "../../ports/clock.ts";`],
  ["module-imports", "src/storage/deep/a.ts", `import { ring } from "../../cluster/ring.ts";`, "may not import"],
  ["module-imports", "src/cluster/a.ts", `import { b } from "../domain/b.ts"; import { Hono } from "hono";`],
  ["module-imports", "src/cluster/a.ts", `export { app } from "../http/app.ts";`, "may not import ../http/app.ts"],
  ["module-imports", "src/scheduler/a.ts", `import { Cron } from "croner";`],
  ["module-imports", "src/scheduler/a.ts", `export * from "../storage/mod.ts";`, "may not import ../storage/mod.ts"],
  [
    "module-imports",
    "src/http/a.ts",
    `import { Fault } from "../ports/mod.ts"; import { csvLine } from "../csv/cells.ts";`,
  ],
  ["module-imports", "src/http/routes/a.ts", `import { problem } from "../answers/problem.ts";`],
  [
    "module-imports",
    "src/http/a.ts",
    `import type { Config } from "../config/config.ts";`,
    "take it as a plain option",
  ],
  ["module-imports", "src/http/a.ts", `import "../main.ts";`, "may not import ../main.ts"],
  ["module-imports", "src/http/a.ts", `import { until } from "../../tests/support/until.ts";`, "may not import"],
  [
    "module-imports",
    "src/http/a.ts",
    `type Ring = import("../cluster/ring.ts").Ring;`,
    "may not import ../cluster/ring.ts",
  ],
  ["module-imports", "src/http/a.ts", `await import("hono"); await import("./b.ts");`],
  ["module-imports", "src/http/a.ts", `await import("../storage/mod.ts");`, "may not import ../storage/mod.ts"],
  ["module-imports", "src/http/a.ts", "await import(`../storage/mod.ts`);", "may not import ../storage/mod.ts"],
  ["module-imports", "src/http/a.ts", `await import(name);`, "No computed import"],
  // What wires them, and what stands outside.
  [
    "module-imports",
    "src/node/a.ts",
    `import { app } from "../http/app.ts"; import { Lane } from "../storage/lane.ts";`,
  ],
  ["module-imports", "src/node/a.ts", `import { serve } from "../cli/serve.ts";`, "may not import ../cli/serve.ts"],
  ["module-imports", "src/node/a.ts", `import { until } from "../../tests/support/until.ts";`, "may not import"],
  ["module-imports", "src/cli/a.ts", `import { start } from "../node/node.ts"; import { Command } from "commander";`],
  ["module-imports", "src/cli/a.ts", `import { problem } from "../http/answers/problem.ts";`, "but not src/http/"],
  ["module-imports", "src/main.ts", `import { app } from "./http/app.ts"; import "pg";`],
  ["module-imports", "src/main.ts", `import { bench } from "../bench/main.ts";`, "may not import ../bench/main.ts"],
  ["module-imports", "src/newer/a.ts", `import { b } from "./b.ts";`, "src/newer is no known module"],
  ["module-imports", "client/a.ts", `import { b } from "./b.ts"; import { Hono } from "hono";`],
  [
    "module-imports",
    "client/a.ts",
    `import type { Terms } from "../src/domain/coupon.ts";`,
    "nothing but its own files",
  ],
  [
    "module-imports",
    "tools/a.ts",
    `import { Lane } from "../src/storage/lane.ts"; import "../tests/support/until.ts";`,
  ],
  ["module-imports", "tools/a.ts", `import { world } from "../tests/system/world.ts";`, "may not import"],
  [
    "module-imports",
    "tools/deep/a.ts",
    `import { lab } from "../../bench/lab.ts";`,
    "may not import ../../bench/lab.ts",
  ],
  ["module-imports", "tests/unit/a_test.ts", `import { Mailbox } from "../../src/actors/mailbox.ts"; import "pg";`],
  ["module-imports", "bench/main.ts", `import { Lane } from "../src/storage/lane.ts"; await import(name);`],
  ["module-imports", "/usr/src/app/tools/a.ts", `import { Lane } from "../src/storage/lane.ts";`],
  ["module-imports", "/home/tests/src/http/x/src/domain/a.ts", `import { b } from "./b.ts";`],
  ["module-imports", "/home/tests/src/http/x/src/domain/a.ts", `import { Hono } from "hono";`, "in src/domain"],

  ["pure-domain", "src/domain/a.ts", `export function f(now: number) { return new Date(now).getTime(); }`],
  ["pure-domain", "src/domain/a.ts", `async function f() { await g(); }`, "No async", "No async"],
  ["pure-domain", "src/domain/a.ts", `const f = async () => {}; class A { async g() {} }`, "No async", "No async"],
  ["pure-domain", "src/domain/a.ts", `for await (const x of y) f(x);`, "No async or await"],
  ["pure-domain", "src/domain/a.ts", `let p: Promise<void>;`, "No Promise in src/domain"],
  ["pure-domain", "src/domain/a.ts", `Date.now();`, "No Date.now in src/domain: time comes in"],
  ["pure-domain", "src/domain/a.ts", `const { now } = Date;`, "No Date.now"],
  ["pure-domain", "src/domain/a.ts", `new Date();`, "No new Date()"],
  ["pure-domain", "src/domain/a.ts", `Date();`, "No new Date()"],
  ["pure-domain", "src/domain/a.ts", `Temporal.Now.instant();`, "No Temporal.Now"],
  ["pure-domain", "src/domain/a.ts", `performance.now();`, "No performance"],
  ["pure-domain", "src/domain/a.ts", `setTimeout(f, 1); setInterval(f, 1);`, "No setTimeout", "No setInterval"],
  ["pure-domain", "src/domain/a.ts", `setImmediate(f); queueMicrotask(f);`, "No setImmediate", "No queueMicrotask"],
  ["pure-domain", "src/domain/a.ts", `Math.random();`, "No Math.random in src/domain: randomness comes in"],
  ["pure-domain", "src/domain/a.ts", `Math["random"]();`, "No Math.random"],
  ["pure-domain", "src/domain/a.ts", `globalThis.Math.random();`, "No Math.random"],
  ["pure-domain", "src/domain/a.ts", `crypto.randomUUID();`, "No crypto"],
  ["pure-domain", "src/domain/a.ts", `f({ crypto });`, "No crypto"],
  ["pure-domain", "src/domain/a.ts", `fetch(url); Deno.args; process.exit();`, "No fetch", "No Deno", "No process"],
  ["pure-domain", "src/domain/a.ts", `console.log(1);`, "No console in src/domain: the domain only decides"],
  ["pure-domain", "src/domain/a.ts", `Math.max(a.performance, b.crypto); type A = { fetch: number; console(): void };`],
  ["pure-domain", "src/domain/a.ts", `const a = { setTimeout: 1, crypto() {} }; class B { fetch = 1; process() {} }`],
  ["pure-domain", "src/actors/a.ts", `async function f(): Promise<void> { await console.log(crypto); }`],

  ["environment", "src/config/config.ts", `Deno.env.get("PORT"); process.env.PORT;`],
  ["environment", "src/main.ts", `Deno.args; Deno.envy; process.exit();`],
  ["environment", "src/main.ts", `Deno.env.get("PORT");`, "No Deno.env in src outside src/config/config.ts"],
  ["environment", "src/http/config.ts", `Deno.env.get("PORT");`, "No Deno.env"],
  ["environment", "src/http/a.ts", `globalThis.process.env.PORT;`, "No process.env"],
  ["environment", "src/http/a.ts", `const { env } = Deno;`, "No Deno.env"],
  ["environment", "src/http/a.ts", `import { env } from "node:process";`, "No env of node:process"],
  ["environment", "src/http/a.ts", `import { pid } from "node:process"; import { env } from "./env.ts";`],
  ["environment", "/usr/src/app/tools/a.ts", `Deno.env.get("PORT");`],
  ["environment", "tests/config_test.ts", `Deno.env.get("PORT");`],

  ["no-clock-in-actors", "src/actors/a.ts", `clock.now(); new Date(at); clock.random(); queueMicrotask(f);`],
  ["no-clock-in-actors", "src/actors/a.ts", `Date.now(); new Date();`, "No Date.now", "No new Date()"],
  ["no-clock-in-actors", "src/actors/a.ts", `performance.now();`, "No performance in src/actors"],
  ["no-clock-in-actors", "src/actors/a.ts", `setTimeout(f, 1); setInterval(f, 1);`, "No setTimeout", "No setInterval"],
  ["no-clock-in-actors", "src/actors/a.ts", `setImmediate(f);`, "No setImmediate"],
  ["no-clock-in-actors", "src/actors/a.ts", `Math.random();`, "No Math.random in src/actors"],
  ["no-clock-in-actors", "src/storage/a.ts", `setTimeout(f, Date.now() + Math.random());`],

  ["no-sleep-in-tests", "tests/a_test.ts", `Deno.test("a", () => clock.setTimeout(f)); it("b", f); test("c", f);`],
  ["no-sleep-in-tests", "tests/a_test.ts", `setTimeout(f, 1);`, "No setTimeout in tests: a test that sleeps"],
  ["no-sleep-in-tests", "tests/support/a.ts", `setInterval(f, 1);`, "No setInterval"],
  ["no-sleep-in-tests", "tests/support/until.ts", `setTimeout(f, 1);`],
  ["no-sleep-in-tests", "tests/storage/until.ts", `setTimeout(f, 1);`, "No setTimeout"],
  ["no-sleep-in-tests", "tests/a_test.ts", `import { retry } from "@std/async/retry";`],
  ["no-sleep-in-tests", "tests/a_test.ts", `import { delay } from "@std/async/delay";`, "No @std/async/delay"],
  ["no-sleep-in-tests", "tests/a_test.ts", `import timers from "node:timers/promises";`, "No node:timers"],
  ["no-sleep-in-tests", "tests/a_test.ts", `it.only("a", f); test.only("b", f);`, "No it.only", "No test.only"],
  ["no-sleep-in-tests", "tests/a_test.ts", `Deno.test.only("a", f);`, "No Deno.test.only in tests: the other tests"],
  ["no-sleep-in-tests", "tests/a_test.ts", `Deno.test({ name: "a", only: true, fn });`, "No only: true"],
  ["no-sleep-in-tests", "tests/a_test.ts", `Deno.test({ name: "a", ignore: true, fn });`, "No ignore: true"],
  ["no-sleep-in-tests", "tests/a_test.ts", `Deno.test({ name: "a", ignore: Deno.build.os !== "linux", fn });`],
  ["no-sleep-in-tests", "src/main.ts", `setTimeout(f, 1); it.only("a", f); f({ ignore: true, only: true });`],
];

Deno.test("a folder above the checkout is no module, whatever its name, and each folder of src is one", () => {
  const checkout = "/home/tests/src/http/";
  const places = [
    ["bench/deep/a.ts", ""],
    ["deno.json", ""],
    ["tools/a.ts", "tools"],
    ["client/deep/a.ts", "client"],
    ["src/main.ts", "src"],
    ["src/cli/deep/a.ts", "src/cli"],
    ["src/domain/tests/a.ts", "src/domain"],
    ["tests/unit/a_test.ts", "tests"],
  ] as const;
  for (const [file, module] of places) {
    assert.deepEqual(placeOf(checkout + file, checkout), { module, path: module === "" ? "" : file }, file);
  }
});

for (const [rule, file, source, ...messages] of cases) {
  const verb = messages.length === 0 ? "passes" : "reports";
  Deno.test(`${rule} ${verb} ${source} in ${file}`, () => {
    const found = Deno.lint.runPlugin(plugin, file, source).filter(({ id }) => id === `doorbuster/${rule}`);
    const shown = found.map(({ message }) => message);
    assert.equal(shown.length, messages.length, shown.join("\n"));
    messages.forEach((part, index) => assert.ok(shown[index]!.includes(part), shown.join("\n")));
  });
}
