/** Does the command line say what there is, and refuse what there is not, before anything is opened? */
import assert from "node:assert/strict";
import project from "../../deno.json" with { type: "json" };

const ROOT = new URL("../..", import.meta.url).pathname;

async function run(program: string, args: readonly string[]): Promise<{ code: number; out: string; err: string }> {
  const command = new Deno.Command(Deno.execPath(), {
    // No permission at all, but for tools: whoever asks for help, or asks wrongly, opens and reads nothing.
    args: ["run", "--no-prompt", .../^(?:tools|bench)/.test(program) ? ["--allow-all"] : [], program, ...args],
    cwd: ROOT,
    stdin: "null",
  });
  const { code, stdout, stderr } = await command.output();
  return { code, out: new TextDecoder().decode(stdout), err: new TextDecoder().decode(stderr) };
}

const doorbuster = (...args: string[]) => run("src/main.ts", args);

Deno.test("--version is that of deno.json", async () => {
  assert.deepEqual(await doorbuster("--version"), { code: 0, out: project.version + "\n", err: "" });
});

Deno.test("--help names each command and the tasks of a checkout, and each command's help has an example", async () => {
  const { code, out } = await doorbuster("--help");
  assert.equal(code, 0);
  const commands = ["serve", "migrate", "audit", "import", "import-codes"];
  for (const word of [...commands, "deno task seed", "deno task stampede", "deno task cluster"]) {
    assert(out.includes(`\n  ${word} `), word);
  }
  await Promise.all(commands.map(async (command) => {
    const help = await doorbuster(command, "--help");
    assert.equal(help.code, 0, help.err);
    assert.match(help.out, new RegExp(`^Usage: doorbuster ${command} [^]*\\nExamples?:\\n  .*deno task `), command);
  }));
});

Deno.test("a misspelt command, option or number of files is refused with 2, and nothing is served or opened", async () => {
  const cases: [string[], RegExp][] = [
    [["migrat"], /unknown command 'migrat'\n\(Did you mean migrate\?\)/],
    [["serve", "8080"], /too many arguments for 'serve'/],
    [["--port", "8080"], /unknown option '--port'/],
    [["serve", "--port=8080"], /unknown option '--port=8080'/],
    [["import"], /missing required argument 'file'/],
    [["import", "a.csv", "b.csv"], /too many arguments for 'import'/],
    [["import-codes", "--dry"], /unknown option '--dry'/],
    [["audit", "--url"], /argument missing/],
  ];
  await Promise.all(cases.map(async ([args, complaint]) => {
    const { code, out, err } = await doorbuster(...args);
    assert.match(err, complaint);
    assert.match(err, /Try --help\.\n$/);
    assert.deepEqual([code, out], [2, ""], args.join(" "));
  }));
});

Deno.test("the tests and the benchmark say how they are used, and do nothing then", async () => {
  for (const [program, name] of [["tools/test.ts", "test"], ["bench/main.ts", "bench"]] as const) {
    const help = await run(program, ["--help"]);
    assert.deepEqual([help.code, help.err], [0, ""], name);
    assert.match(help.out, new RegExp(`^Usage: deno task ${name} [^]*\\nExamples:\\n  .*deno task ${name}`), name);
  }
  const { code, out, err } = await run("bench/main.ts", ["--round", "3"]);
  assert.deepEqual([code, out], [2, ""]);
  assert.match(err, /^Cannot measure as there is no option --round; .*\n$/);
});

Deno.test("the tools of a checkout have the same manners: help with examples, and 2 for what is not there", async () => {
  const tools: [program: string, name: string][] = [
    ["tools/seed/main.ts", "seed"],
    ["tools/stampede/main.ts", "stampede"],
    ["tools/cluster.ts", "cluster"],
  ];
  await Promise.all(tools.map(async ([program, name]) => {
    const help = await run(program, ["--help"]);
    assert.deepEqual([help.code, help.err], [0, ""], name);
    assert.match(help.out, new RegExp(`^Usage: deno task ${name} [^]*\\nExamples:\\n  .*deno task ${name}`), name);
    for (const args of [["--nonsense"], ["one", "two"]]) {
      const { code, out, err } = await run(program, args);
      assert.match(err, /^error: .*\nTry --help\.\n$/, name);
      assert.deepEqual([code, out], [2, ""], name);
    }
  }));
});
