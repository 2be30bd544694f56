/**
 * Which house rules does the linter keep? The walls between the rooms of `src`, and where time, chance, the environment
 * and waiting have no place.
 */
import { dirname, resolve } from "node:path/posix";

type Node = Deno.lint.Node;
type Context = Deno.lint.RuleContext;
type Visitor = Deno.lint.LintVisitor;

const CLOCK = "time comes in as an argument or through the Clock port of actors/ports.ts, so that tests can set it";
const CHANCE = "chance comes in as an argument or through Clock.random(), so that tests can set it";
const CORE = "the domain only decides: return a value, and let the room that called act on it";
const SLEEP = "a test that sleeps is slow and flaky: set a fake Clock, or use until() of tests/support/until.ts";
const ONLY = "the other tests would silently not run: use `deno test --filter`";
const SETTINGS = "settings are read and checked once: take a plain option, filled from Config by src/node.ts";

const TIME: Readonly<Record<string, string>> = {
  "Date.now": CLOCK,
  "Temporal.Now": CLOCK,
  "new Date()": CLOCK,
  performance: CLOCK,
  setTimeout: CLOCK,
  setInterval: CLOCK,
  setImmediate: CLOCK,
  "Math.random": CHANCE,
};
const IMPURE: Readonly<Record<string, string>> = {
  ...TIME,
  crypto: CHANCE,
  ...Object.fromEntries(["queueMicrotask", "Promise", "fetch", "Deno", "process", "console"].map((it) => [it, CORE])),
};
const ENVIRONMENT: Readonly<Record<string, string>> = { "Deno.env": SETTINGS, "process.env": SETTINGS };
const IN_TESTS: Readonly<Record<string, string>> = {
  setTimeout: SLEEP,
  setInterval: SLEEP,
  ...Object.fromEntries(["it.only", "test.only", "describe.only", "Deno.test.only"].map((it) => [it, ONLY])),
};

const PORTS = ["actors/ports.ts", "domain/"];
/** What a room may import beside its own files, as the beginning of a path below `src`. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  domain: [],
  actors: ["domain/"],
  storage: PORTS,
  cluster: PORTS,
  scheduler: PORTS,
  http: PORTS,
};
const NO_LIBRARY = ["domain", "actors"];
/** The one library in a room that has none: exact decimals, pure and without a state, in the one file that reckons. */
const LIBRARY_OF: Readonly<Record<string, string>> = { "domain/money.ts": "big.js" };

const CHECKOUT = decodeURI(new URL("..", import.meta.url).pathname);

/** Where a file is: in a room, right in `src`, in `tests` or elsewhere; any folder may hold the checkout. */
export function placeOf(file: string, checkout: string = CHECKOUT): { room: string; path: string } {
  const whole = resolve("/", file);
  const path = whole.startsWith(checkout) ? whole.slice(checkout.length - 1) : whole;
  const place = /^.*\/(?:src\/(domain|actors|storage|cluster|scheduler|http)\/|(tests)\/|(src)\/(?=[^/]+$))(.+)$/
    .exec(path);
  const room = place?.[1] ?? place?.[2] ?? place?.[3] ?? "";
  return { room, path: `${room}/${place?.[4] ?? ""}` };
}

/** The text of a literal, or undefined where only running the code tells it. */
function literalOf(node: Node | null): string | undefined {
  if (node?.type === "TSLiteralType") return literalOf(node.literal);
  if (node?.type === "Literal" && typeof node.value === "string") return node.value;
  if (node?.type === "TemplateLiteral" && node.quasis.length === 1) return node.quasis[0]!.cooked;
  return undefined;
}

/** Calls back with whatever a file imports, re-exports, or imports as it runs. */
function eachImport(visit: (node: Node, specifier: string | undefined) => void): Visitor {
  return {
    ImportDeclaration: (node) => visit(node, literalOf(node.source)),
    ExportAllDeclaration: (node) => visit(node, literalOf(node.source)),
    ExportNamedDeclaration: (node) => node.source && visit(node, literalOf(node.source)),
    ImportExpression: (node) => visit(node, literalOf(node.source)),
    TSImportType: (node) => visit(node, literalOf(node.argument)),
  };
}

/** The dotted name of a global or of its member: `Date.now`; undefined for any other expression. */
function nameOf(node: Node | null): string | undefined {
  if (node?.type === "Identifier") return node.name;
  if (node?.type !== "MemberExpression") return undefined;
  const object = nameOf(node.object);
  const member = node.computed ? literalOf(node.property) : nameOf(node.property);
  if (object === undefined || member === undefined) return undefined;
  return object === "globalThis" ? member : `${object}.${member}`;
}

/** Whether a name only labels a member, a key or a type's part, and so refers to nothing global. */
function isLabel(node: Node, parent: Node): boolean {
  if (parent.type === "MemberExpression") return parent.property === node && !parent.computed;
  if (parent.type === "TSQualifiedName") return parent.right === node;
  return "key" in parent && parent.key === node && !("computed" in parent && parent.computed);
}

/** Reports each use of the names in a table, as far as they can be seen without following variables. */
function ban(context: Context, where: string, table: Readonly<Record<string, string>>): Visitor {
  const check = (node: Node, name: string | undefined) => {
    if (name === undefined || !Object.hasOwn(table, name)) return;
    context.report({ node, message: `No ${name} in ${where}: ${table[name]}` });
  };
  const checkDate = (node: Node, callee: Node, known: boolean) => {
    if (!known && nameOf(callee) === "Date") check(node, "new Date()");
  };
  return {
    Identifier: (node) => isLabel(node, node.parent) || check(node, node.name),
    MemberExpression: (node) => check(node, nameOf(node)),
    NewExpression: (node) => checkDate(node, node.callee, node.arguments.length > 0),
    CallExpression: (node) => checkDate(node, node.callee, false),
    VariableDeclarator(node) {
      if (node.id.type !== "ObjectPattern") return;
      for (const property of node.id.properties) {
        if (property.type === "Property") check(property, `${nameOf(node.init)}.${nameOf(property.key)}`);
      }
    },
  };
}

const walls: Deno.lint.Rule = {
  create(context) {
    const { room, path } = placeOf(context.filename);
    const allowed = MAY_IMPORT[room];
    if (allowed === undefined) return {};
    const named = allowed.length === 0 ? "nothing but its own files" : `only ${allowed.join(" and ")}`;
    return eachImport((node, specifier) => {
      const report = (message: string) => context.report({ node, message });
      if (specifier === undefined) {
        return report(`No computed import in src/${room}: its wall cannot be checked; name the module in the import`);
      }
      if (!/^(\.|\/|file:)/.test(specifier)) {
        if (!NO_LIBRARY.includes(room) || LIBRARY_OF[path] === specifier) return;
        return report(
          `No library (${specifier}) in src/${room}: it must run, and be tested, alone; take what it does as an ` +
            "argument or through a port of actors/ports.ts",
        );
      }
      const target = placeOf(resolve(dirname(resolve("/", context.filename)), specifier.replace(/^file:(\/\/)?/, "")));
      if (target.room === room || allowed.some((start) => target.path.startsWith(start))) return;
      report(
        `src/${path} may not import ${specifier}: src/${room} may import ${named}; take it as a plain option or ` +
          "through a port of actors/ports.ts, and let src/node.ts wire it",
      );
    });
  },
};

const pureDomain: Deno.lint.Rule = {
  create(context) {
    if (placeOf(context.filename).room !== "domain") return {};
    const report = (node: Node) => context.report({ node, message: `No async or await in src/domain: ${CORE}` });
    const checkAsync = (node: Node & { async: boolean }) => node.async && report(node);
    return {
      ...ban(context, "src/domain", IMPURE),
      FunctionDeclaration: checkAsync,
      FunctionExpression: checkAsync,
      ArrowFunctionExpression: checkAsync,
      AwaitExpression: report,
      ForOfStatement: (node) => node.await && report(node),
    };
  },
};

const environment: Deno.lint.Rule = {
  create(context) {
    const { room, path } = placeOf(context.filename);
    if (room === "" || room === "tests" || path === "src/config.ts") return {};
    return {
      ...ban(context, "src outside src/config.ts", ENVIRONMENT),
      ImportDeclaration(node) {
        const names = node.specifiers.map((it) => it.type === "ImportSpecifier" ? nameOf(it.imported) : undefined);
        if (!/^(node:)?process$/.test(node.source.value) || !names.includes("env")) return;
        context.report({ node, message: `No env of ${node.source.value} in src outside src/config.ts: ${SETTINGS}` });
      },
    };
  },
};

const noClockInActors: Deno.lint.Rule = {
  create: (context) => placeOf(context.filename).room === "actors" ? ban(context, "src/actors", TIME) : {},
};

const noSleepInTests: Deno.lint.Rule = {
  create(context) {
    const { room, path } = placeOf(context.filename);
    if (room !== "tests" || path === "tests/support/until.ts") return {};
    return {
      ...ban(context, "tests", IN_TESTS),
      ...eachImport((node, specifier = "") => {
        if (!/^(@std\/async\/delay|(node:)?timers(\/promises)?)$/.test(specifier)) return;
        context.report({ node, message: `No ${specifier} in tests: ${SLEEP}` });
      }),
      Property(node) {
        const name = nameOf(node.key);
        if (node.value.type !== "Literal" || node.value.value !== true) return;
        if (name === "only") context.report({ node, message: `No only: true in tests: ${ONLY}` });
        if (name !== "ignore") return;
        context.report({
          node,
          message:
            "No ignore: true in tests: a test that never runs proves nothing; mend or delete it, or say when it " +
            "can run (ignore: Deno.build.os !== …)",
        });
      },
    };
  },
};

const plugin: Deno.lint.Plugin = {
  name: "doorbuster",
  rules: {
    walls,
    "pure-domain": pureDomain,
    environment,
    "no-clock-in-actors": noClockInActors,
    "no-sleep-in-tests": noSleepInTests,
  },
};

export default plugin;
