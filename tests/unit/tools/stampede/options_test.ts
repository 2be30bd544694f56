/** Are wrong options of a stampede one clear line? */
import assert from "node:assert/strict";
import { checkOptions, type Options, stampedeCommand } from "../../../../tools/stampede/options.ts";

function readOptions(args: readonly string[], adminToken?: string): Options {
  return checkOptions(stampedeCommand().parse(args, { from: "user" }).opts(), adminToken);
}

Deno.test("a stampede fills in what is not said", () => {
  assert.deepEqual(readOptions([]), {
    urls: ["http://127.0.0.1:8080"],
    buyers: 2_000,
    connections: 64,
    seed: 1,
    limit: 10,
    sale: "current",
    token: "",
  });
});

Deno.test("a stampede takes a token, and repeats none", () => {
  assert.equal(readOptions(["--token", "a-token"]).token, "a-token");
  assert.throws(() => readOptions(["--token", "a secret"]), (error) => !(error as Error).message.includes("secret"));
});

Deno.test("a stampede takes ADMIN_TOKEN of the environment where no --token is given, and repeats no secret", () => {
  assert.equal(readOptions([], "of-the-environment").token, "of-the-environment");
  assert.equal(readOptions(["--token", "another"], "of-the-environment").token, "another");
  for (const empty of [undefined, ""]) assert.equal(readOptions([], empty).token, "");
  const wrong: [string[], string?][] = [
    [[], "a hunter2"],
    [["--token", "ü hunter2"]],
    [["--url", "http://admin:hunter2@127.0.0.1:8080"]],
    [["--url", "admin:hunter2@127.0.0.1:8080"]],
    [["--url", "http://a,http://127.0.0.1:8080/?token=hunter2,no"]],
  ];
  for (const [args, token] of wrong) {
    assert.throws(() => readOptions(args, token), (error: Error) => {
      assert(!error.message.includes("hunter2"), error.message);
      return true;
    });
  }
});

Deno.test("a stampede reads values after a space and after an equals sign", () => {
  const args = ["--url", "http://a:1/, https://b", "--buyers=5", "--seed", "0", "--sale=2026-11-21T14Z", "--limit=3"];
  const { urls, buyers, seed, sale, limit } = readOptions(args);
  assert.deepEqual({ urls, buyers, seed, sale, limit }, {
    urls: ["http://a:1", "https://b"],
    buyers: 5,
    seed: 0,
    sale: "2026-11-21T14Z",
    limit: 3,
  });
});

const WRONG: readonly [args: string[], said: RegExp][] = [
  [["--buyers", "0"], /^Cannot run .* --buyers must be a whole number from 1 to 1000000: received 0$/],
  [["--buyers", "1e3"], /--buyers must be .*: received 1e3$/],
  [["--connections=-1"], /--connections must be .*: received -1$/],
  [["--seed", "2147483648"], /--seed must be .*: received 2147483648$/],
  [["--url", "localhost:8080"], /--url must be one or more http URLs.*: received localhost:8080$/],
  [["--url", "http://a,"], /--url must be one or more http URLs.*: received http:\/\/a,$/],
  [["--sale", "now"], /--sale must be current, or .*: received now$/],
];
for (const [args, said] of WRONG) {
  Deno.test(`a stampede refuses ${args.join(" ")}`, () => {
    assert.throws(() => readOptions(args), (error: Error) => {
      assert.match(error.message, said);
      assert(!error.message.includes("\n"), "one line");
      return true;
    });
  });
}
