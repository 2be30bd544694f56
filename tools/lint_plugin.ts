/**
 * Which rules of this project does the linter check? What each module of `src` may import, and where time, randomness, the
 * environment and waiting have no place.
 */
import { dirname, resolve } from "node:path/posix";

type Node = Deno.lint.Node;
type Context = Deno.lint.RuleContext;
type Visitor = Deno.lint.LintVisitor;

const CLOCK = "time comes in as an argument or through the Clock of ports/clock.ts, so that tests can set it";
const RANDOMNESS = "randomness comes in as an argument or through Clock.random(), so that tests can set it";
const CORE = "the domain only decides: return a value, and let the module that called act on it";
const SLEEP = "a test that sleeps is slow and flaky: set a fake Clock, or use until() of tests/support/until.ts";
const ONLY = "the other tests would silently not run: use `deno test --filter`";
const SETTINGS = "settings are read and checked once: take a plain option, filled from Config by src/node";

const TIME: Readonly<Record<string, string>> = {
  "Date.now": CLOCK,
  "Temporal.Now": CLOCK,
  "new Date()": CLOCK,
  performance: CLOCK,
  setTimeout: CLOCK,
  setInterval: CLOCK,
  setImmediate: CLOCK,
  "Math.random": RANDOMNESS,
};
const IMPURE: Readonly<Record<string, string>> = {
  ...TIME,
  crypto: RANDOMNESS,
  ...Object.fromEntries(["queueMicrotask", "Promise", "fetch", "Deno", "process", "console"].map((it) => [it, CORE])),
};
const READS_ENVIRONMENT = "src/config/config.ts";
const ENVIRONMENT: Readonly<Record<string, string>> = { "Deno.env": SETTINGS, "process.env": SETTINGS };
const IN_TESTS: Readonly<Record<string, string>> = {
  setTimeout: SLEEP,
  setInterval: SLEEP,
  ...Object.fromEntries(["it.only", "test.only", "describe.only", "Deno.test.only"].map((it) => [it, ONLY])),
};

const ALL = ["src/"];
const PORTS = ["src/ports/", "src/domain/"];
/** What a module may import beside its own files, as the beginning of a path. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  "src/domain": [],
  "src/config": [],
  "src/ports": ["src/domain/"],
  "src/contract": ["src/domain/"],
  "src/csv": ["src/domain/", "src/contract/"],
  "src/actors": PORTS,
  "src/storage": PORTS,
  "src/cluster": PORTS,
  "src/scheduler": PORTS,
  "src/http": [...PORTS, "src/contract/", "src/csv/"],
  "src/node": ALL,
  "src/cli": ALL,
  "src": ALL, // main.ts, and types of libraries
  client: [],
  tools: [...ALL, "client/", "tests/support/"],
};
/** Which of what it may import otherwise a module may not. */
const MAY_NOT_IMPORT: Readonly<Record<string, readonly string[]>> = {
  "src/node": ["src/cli/"],
  "src/cli": ["src/http/"],
};
/** The libraries of modules that run, and are tested, alone. */
const LIBRARIES: Readonly<Record<string, readonly string[]>> = {
  "src/domain": [],
  "src/ports": [],
  "src/config": [],
  "src/actors": [],
  "src/contract": ["zod"],
  "src/csv": ["csv-parse/sync"],
};
/** One more in one file: exact decimals, pure and without a state. */
const LIBRARY_OF: Readonly<Record<string, string>> = { "src/domain/money.ts": "big.js" };

const CHECKOUT = decodeURI(new URL("..", import.meta.url).pathname);

/** Where a file is: the module, `tests`, or "" elsewhere, and its path in the checkout; any folder may hold the checkout. */
export function placeOf(file: string, checkout: string = CHECKOUT): { module: string; path: string } {
  const whole = resolve("/", file);
  const isInside = whole.startsWith(checkout);
  const inside = isInside ? whole.slice(checkout.length - 1) : whole;
  const path = /^\/((?:src|client|tools|tests)\/.+)$/.exec(inside)?.[1] ??
    (isInside ? "" : /^.*\/((?:src|client|tools|tests)\/.+)$/.exec(whole)?.[1] ?? "");
  const module = /^(?:src\/[^/]+(?=\/)|[^/]+)/.exec(path)?.[0] ?? "";
  return { module, path };
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

const moduleImports: Deno.lint.Rule = {
  create(context) {
    const { module, path } = placeOf(context.filename);
    if (module === "" || module === "tests") return {};
    const allowed = MAY_IMPORT[module];
    const forbidden = MAY_NOT_IMPORT[module] ?? [];
    const libraries = LIBRARIES[module];
    const named = allowed?.length ? `only ${allowed.join(" and ")}` : "nothing but its own files";
    return eachImport((node, specifier) => {
      const report = (message: string) => context.report({ node, message });
      if (allowed === undefined) {
        return report(`${module} is no known module: tools/lint_plugin.ts says what each may import`);
      }
      if (specifier === undefined) {
        return report(`No computed import in ${module}: it cannot be checked; name the module in the import`);
      }
      if (!/^(\.|\/|file:)/.test(specifier)) {
        if (/^node:/.test(specifier) && module === "src/config") return;
        if (libraries === undefined || libraries.includes(specifier) || LIBRARY_OF[path] === specifier) return;
        return report(
          `No library (${specifier}) in ${module}: it must run, and be tested, alone; take what it does as an argument ` +
            "or through a port of src/ports",
        );
      }
      const target = placeOf(resolve(dirname(resolve("/", context.filename)), specifier.replace(/^file:(\/\/)?/, "")));
      // What is no module is data: deno.json, a migration's SQL.
      if (target.module === module || !/\.tsx?$/.test(specifier)) return;
      const isAllowed = (starts: readonly string[]) => starts.some((start) => target.path.startsWith(start));
      if (isAllowed(allowed) && !isAllowed(forbidden)) return;
      const but = forbidden.length === 0 ? "" : ` but not ${forbidden.join(" or ")}`;
      report(
        `${path} may not import ${specifier}: ${module} may import ${named}${but}; take it as a plain option or through ` +
          "a port of src/ports, and let src/node wire it",
      );
    });
  },
};

const pureDomain: Deno.lint.Rule = {
  create(context) {
    if (placeOf(context.filename).module !== "src/domain") return {};
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
    const { path } = placeOf(context.filename);
    if (!path.startsWith("src/") || path === READS_ENVIRONMENT) return {};
    return {
      ...ban(context, `src outside ${READS_ENVIRONMENT}`, ENVIRONMENT),
      ImportDeclaration(node) {
        const names = node.specifiers.map((it) => it.type === "ImportSpecifier" ? nameOf(it.imported) : undefined);
        if (!/^(node:)?process$/.test(node.source.value) || !names.includes("env")) return;
        context.report({
          node,
          message: `No env of ${node.source.value} in src outside ${READS_ENVIRONMENT}: ${SETTINGS}`,
        });
      },
    };
  },
};

const noClockInActors: Deno.lint.Rule = {
  create: (context) => placeOf(context.filename).module === "src/actors" ? ban(context, "src/actors", TIME) : {},
};

const noSleepInTests: Deno.lint.Rule = {
  create(context) {
    const { module, path } = placeOf(context.filename);
    if (module !== "tests" || path === "tests/support/until.ts") return {};
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
    "module-imports": moduleImports,
    "pure-domain": pureDomain,
    environment,
    "no-clock-in-actors": noClockInActors,
    "no-sleep-in-tests": noSleepInTests,
  },
};

export default plugin;
