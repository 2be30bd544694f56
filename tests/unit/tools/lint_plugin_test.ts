import assert from "node:assert/strict";
import plugin, { placeOf } from "../../../tools/lint_plugin.ts";

/** A rule, a file of any checkout, its source, and a part of each message expected: none where it passes. */
type Case = readonly [rule: string, file: string, source: string, ...messages: string[]];

const cases: readonly Case[] = [
  // Walls: the domain.
  ["walls", "src/domain/a.ts", `import { b } from "../../tools/b.ts"; export * from "../../tools/deep/c.ts";`],
  ["walls", "src/domain/a.ts", `import type { Clock } from "../../actors/ports.ts";`, "nothing but its own files"],
  ["walls", "src/domain/a.ts", `import { pipe } from "remeda";`, "No library (remeda) in src/domain"],
  ["walls", "src/domain/money.ts", `import Big from "big.js";`],
  ["walls", "src/domain/money.ts", `import { pipe } from "remeda";`, "No library (remeda) in src/domain"],
  ["walls", "src/domain/a.ts", `import Big from "big.js";`, "No library (big.js) in src/domain"],
  ["walls", "src/domain/deep/money.ts", `import Big from "big.js";`, "No library (big.js) in src/domain"],
  ["walls", "src/domain/a.ts", `import { createHash } from "node:crypto";`, "No library (node:crypto)"],
  ["walls", "src/domain/a.ts", `import log from "../../log.ts";`, "may not import ../log.ts"],
  ["walls", "src/domain/a.ts", `import x from "../../tools/tests/fixture.ts";`, "may not import ./tests/fixture.ts"],
  // Walls: the actors.
  ["walls", "src/actors/a.ts", `import { b } from "../../domain/b.ts"; import { c } from "../../tools/c.ts";`],
  ["walls", "src/actors/a.ts", `import { pool } from "../../storage/pool.ts";`, "src/actors may import only domain/"],
  ["walls", "src/actors/a.ts", `import { retry } from "@std/async/retry";`, "No library (@std/async/retry)"],
  // Walls: the rooms around.
  ["walls", "src/storage/a.ts", `import pg from "pg"; import type { Store } from "../../actors/ports.ts";`],
  ["walls", "src/storage/a.ts", `import sql from "../../tools/migrations/0001.sql" with { type: "text" };`],
  ["walls", "src/storage/a.ts", `import { Mailbox } from "../../actors/mailbox.ts";`, "only actors/ports.ts and domain/"],
  ["walls", "src/storage/deep/a.ts", `import type { Clock } from "../../../actors/ports.ts";`],
  ["walls", "src/storage/deep/a.ts", `import { ring } from "../../../cluster/ring.ts";`, "may not import"],
  ["walls", "src/cluster/a.ts", `import { b } from "../../domain/b.ts"; import { Hono } from "hono";`],
  ["walls", "src/cluster/a.ts", `export { app } from "../../http/app.ts";`, "may not import ../http/app.ts"],
  ["walls", "src/scheduler/a.ts", `import { Cron } from "croner";`],
  ["walls", "src/scheduler/a.ts", `export * from "../../storage/mod.ts";`, "may not import ../storage/mod.ts"],
  ["walls", "src/http/a.ts", `import { Fault } from "../../actors/ports.ts";`],
  ["walls", "src/http/a.ts", `import type { Config } from "../../config.ts";`, "take it as a plain option"],
  ["walls", "src/http/a.ts", `import "../../main.ts";`, "may not import ../main.ts"],
  ["walls", "src/http/a.ts", `import { until } from "../../support/until.ts";`, "may not import"],
  ["walls", "src/http/a.ts", `type Ring = import("../../cluster/ring.ts").Ring;`, "may not import ../cluster/ring.ts"],
  ["walls", "src/http/a.ts", `await import("hono"); await import("../../tools/b.ts");`],
  ["walls", "src/http/a.ts", `await import("../../storage/mod.ts");`, "may not import ../storage/mod.ts"],
  ["walls", "src/http/a.ts", "await import(`../../storage/mod.ts`);", "may not import ../storage/mod.ts"],
  ["walls", "src/http/a.ts", `await import(name);`, "No computed import"],
  // Walls: who may import anything, and where the checkout lies.
  ["walls", "src/main.ts", `import { app } from "../../tools/http/app.ts"; import { Config } from "../../tools/config.ts"; import "pg";`],
  ["walls", "tests/http/a_test.ts", `import { Mailbox } from "../../../src/actors/mailbox.ts"; import "pg";`],
  ["walls", "bench/main.ts", `import { Lane } from "../../src/storage/lane.ts"; await import(name);`],
  ["walls", "/usr/src/app/tools/a.ts", `import { Lane } from "../../src/storage/lane.ts";`],
  ["walls", "/home/tests/src/http/x/src/domain/a.ts", `import { b } from "../../tools/b.ts";`],
  ["walls", "/home/tests/src/http/x/src/domain/a.ts", `import { Hono } from "hono";`, "in src/domain"],

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
  ["pure-domain", "src/domain/a.ts", `Math.random();`, "No Math.random in src/domain: chance comes in"],
  ["pure-domain", "src/domain/a.ts", `Math["random"]();`, "No Math.random"],
  ["pure-domain", "src/domain/a.ts", `globalThis.Math.random();`, "No Math.random"],
  ["pure-domain", "src/domain/a.ts", `crypto.randomUUID();`, "No crypto"],
  ["pure-domain", "src/domain/a.ts", `f({ crypto });`, "No crypto"],
  ["pure-domain", "src/domain/a.ts", `fetch(url); Deno.args; process.exit();`, "No fetch", "No Deno", "No process"],
  ["pure-domain", "src/domain/a.ts", `console.log(1);`, "No console in src/domain: the domain only decides"],
  ["pure-domain", "src/domain/a.ts", `Math.max(a.performance, b.crypto); type A = { fetch: number; console(): void };`],
  ["pure-domain", "src/domain/a.ts", `const a = { setTimeout: 1, crypto() {} }; class B { fetch = 1; process() {} }`],
  ["pure-domain", "src/actors/a.ts", `async function f(): Promise<void> { await console.log(crypto); }`],

  ["environment", "src/config.ts", `Deno.env.get("PORT"); process.env.PORT;`],
  ["environment", "src/main.ts", `Deno.args; Deno.envy; process.exit();`],
  ["environment", "src/main.ts", `Deno.env.get("PORT");`, "No Deno.env in src outside src/config.ts"],
  ["environment", "src/http/config.ts", `Deno.env.get("PORT");`, "No Deno.env"],
  ["environment", "src/http/a.ts", `globalThis.process.env.PORT;`, "No process.env"],
  ["environment", "src/http/a.ts", `const { env } = Deno;`, "No Deno.env"],
  ["environment", "src/http/a.ts", `import { env } from "node:process";`, "No env of node:process"],
  ["environment", "src/http/a.ts", `import { pid } from "node:process"; import { env } from "../../tools/env.ts";`],
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

Deno.test("a folder above the checkout is no room, whatever its name", () => {
  const checkout = "/home/tests/src/http/";
  for (const file of ["tools/a.ts", "bench/deep/a.ts", "src/cli/a.ts"]) {
    assert.equal(placeOf(checkout + file, checkout).room, "", file);
  }
  assert.deepEqual(placeOf(`${checkout}src/main.ts`, checkout), { room: "src", path: "src/main.ts" });
  assert.deepEqual(placeOf(`${checkout}tests/a_test.ts`, checkout), { room: "tests", path: "tests/a_test.ts" });
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
