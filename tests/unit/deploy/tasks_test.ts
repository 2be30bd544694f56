/** May the tasks of deno.json do no more than they need? */
import assert from "node:assert/strict";
import project from "../../../deno.json" with { type: "json" };
import { knownSettings } from "../../support/deploy_settings.ts";

type Task = keyof typeof project.tasks;

/** What serves or works for an operator; the others develop and test. */
const OPERATORS: readonly Task[] = [
  "dev",
  "start",
  "migrate",
  "audit",
  "import",
  "import:codes",
  "doorbuster",
  "seed",
  "stampede",
];

/** The permissions in a task's command. */
function permissionsOf(task: Task): string[] {
  return [...project.tasks[task].command.matchAll(/(?<=\s|")(--(?:allow|deny|ignore)-[^\s"]*|-A\b)/g)].map((
    [flag],
  ) => flag!);
}

function withoutValues(task: Task): string[] {
  return permissionsOf(task).map((flag) => flag.split("=")[0]!);
}

/** Where Debian's PostgreSQL has its socket: to connect to one, a process must be allowed to write to it. */
const SOCKETS = "--allow-write=/run/postgresql,/var/run/postgresql";

Deno.test("a server by `deno task start` may use the network, read files and its settings, and write to PostgreSQL's socket alone", () => {
  assert.deepEqual(withoutValues("start"), [
    "--allow-net",
    "--allow-read",
    "--ignore-env",
    "--allow-env",
    "--allow-write",
  ]);
  assert.equal(permissionsOf("start").at(-1), SOCKETS);
});

Deno.test("what may use the embedded database may write in its folder and to PostgreSQL's socket alone", () => {
  assert.equal(permissionsOf("doorbuster").at(-2), SOCKETS);
  assert.deepEqual(withoutValues("doorbuster"), [
    "--allow-net",
    "--allow-read",
    "--ignore-env",
    "--allow-env",
    "--allow-write",
    "--allow-write",
  ]);
  for (const task of ["dev", "migrate", "audit", "import", "import:codes"] as const) {
    assert.match(project.tasks[task].command, /^deno task --quiet doorbuster [a-z-]+$/);
  }
});

Deno.test("an operator's task sees the settings of its environment alone, and is asked for no permission", () => {
  for (const task of ["start", "doorbuster"] as const) {
    const named = permissionsOf(task).find((flag) => flag.startsWith("--allow-env="))!.slice("--allow-env=".length);
    // PostgreSQL's user, where the URL names none.
    assert.deepEqual(named.split(",").sort(), [...knownSettings(), "USER"].sort(), task);
    assert.match(project.tasks[task].command, / --no-prompt /);
  }
  for (const task of OPERATORS) {
    const wide = permissionsOf(task).filter((flag) => /^(-A|--allow-(all|env|write|sys|run|ffi|import))$/.test(flag));
    assert.deepEqual(wide, [], task);
  }
});
