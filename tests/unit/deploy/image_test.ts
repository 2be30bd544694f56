import assert from "node:assert/strict";
import { SERVE_ARGS, SERVE_ENV } from "../../../tools/serve_args.ts";
import { bases, commandOf, copied, image, projectFile } from "../../support/image.ts";

Deno.test("the image's Deno is the one that CI and the README run", () => {
  const [, version] = /^deno_version=(\S+)$/m.exec(projectFile(".ci/run"))!;
  assert.deepEqual(bases, [`denoland/deno:${version}`, `denoland/deno:distroless-${version}`]);
  const named = [...projectFile("README.md").matchAll(/\bdeno@([\d.]+\d)/g)].map(([, it]) => it);
  assert.deepEqual([...new Set(named)], [version]);
});

Deno.test("the image's module cache is warmed with the frozen lockfile, which running keeps to", () => {
  const [run = ""] = image("RUN", "build");
  assert.deepEqual(JSON.parse(run), [
    "deno",
    "cache",
    "--frozen",
    commandOf("CMD").at(-1),
    commandOf("HEALTHCHECK").at(-1),
  ]);
  for (const flag of ["--frozen", "--cached-only"]) assert(commandOf("CMD").includes(flag), flag);
});

Deno.test("the node runs as nobody in particular and is asked to stop by SIGTERM", () => {
  const [, user, group] = /^(\d+):(\d+)$/.exec(image("USER").at(-1)!)!;
  assert(Number(user) > 0 && Number(group) > 0);
  assert.deepEqual(image("STOPSIGNAL"), ["SIGTERM"]);
});

Deno.test("the node may use the network and read its settings and keys; it cannot write, run or be asked for more", () => {
  const flags = commandOf("CMD").filter((word) => /^-(?!-(frozen|cached-only|v8-flags=.*)$)/.test(word));
  assert.deepEqual(flags.map((flag) => flag.split("=")[0]), [
    "--no-prompt",
    "--allow-net",
    "--allow-read",
    "--ignore-env",
    "--allow-env",
  ]);
  assert.equal(flags.includes("--allow-env"), false, "by names alone");
  assert(flags.includes("--allow-read=/etc/doorbuster"), "where JWKS_FILE may be mounted");
});

Deno.test("the image's V8 is set as by `deno task start`", () => {
  const set = (args: readonly string[]) => args.filter((word) => word.startsWith("--v8-flags="));
  assert.equal(set(SERVE_ARGS).length, 1);
  assert.deepEqual(set(commandOf("CMD")), set(SERVE_ARGS));
});

Deno.test("the image's C library is set as by `deno task start`", () => {
  const set = image("ENV").filter((words) => words.startsWith("GLIBC_TUNABLES="));
  assert.equal(Object.keys(SERVE_ENV).length, 1);
  assert.deepEqual(set, Object.entries(SERVE_ENV).map(([name, value]) => `${name}=${value}`));
});

Deno.test(".dockerignore lets in what the build copies, and nothing else", () => {
  const rules = projectFile(".dockerignore").split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  assert.deepEqual(rules, ["*", ...copied.map((path) => `!${path}`)]);
});
