/** Can each file be read before those that import it? No import leads back to where it came from. */
import assert from "node:assert/strict";
import { dirname, normalize } from "node:path/posix";
import { cycleIn, type Graph } from "../../../tools/import_graph.ts";

const ROOT = new URL("../../../", import.meta.url).pathname;

function filesIn(folder: string): string[] {
  return [...Deno.readDirSync(ROOT + folder)].flatMap(({ name, isDirectory }) =>
    isDirectory ? filesIn(`${folder}/${name}`) : name.endsWith(".ts") ? [`${folder}/${name}`] : []
  );
}

function importsOf(file: string): string[] {
  const found = Deno.readTextFileSync(ROOT + file).matchAll(/(?:from|import)\s*\(?\s*"(\.[^"]+\.ts)"/g);
  return [...found].map(([, specifier]) => normalize(`${dirname(file)}/${specifier}`));
}

Deno.test("no import of src, bench or tools leads back to its own file", () => {
  const files = ["src", "bench", "tools"].flatMap(filesIn);
  assert.ok(files.length > 200, `${files.length} files`);
  assert.deepEqual(cycleIn(new Map(files.map((file) => [file, importsOf(file)]))), []);
});

const GRAPHS: readonly (readonly [what: string, graph: Record<string, string[]>, cycle: string[]])[] = [
  ["none in a tree", { a: ["b", "c"], b: ["d"], c: ["d"], d: [] }, []],
  ["a file that imports itself", { a: ["b"], b: ["b"] }, ["b", "b"]],
  ["two files that import each other", { a: ["b"], b: ["c"], c: ["b"] }, ["b", "c", "b"]],
  ["a long way round", { a: ["b"], b: ["c"], c: ["d"], d: ["a"] }, ["a", "b", "c", "d", "a"]],
  ["none where an import leads out of the graph", { a: ["x"] }, []],
];

for (const [what, graph, cycle] of GRAPHS) {
  Deno.test(`cycleIn() finds ${what}`, () => assert.deepEqual(cycleIn(new Map(Object.entries(graph)) as Graph), cycle));
}
