import assert from "node:assert/strict";
import { DCLinter } from "dclint";
import { validate } from "dockerfile-utils";
import { projectFile } from "../../support/image.ts";

/** What our anchors give comes first in a service; all else is in the linter's own order. */
const KEY_ORDER = { groups: { "Core Definitions": ["<<", "image", "build", "container_name"] } };

function lintCompose(path: string): string[] {
  const rules = { "service-keys-order": [2, KEY_ORDER] } satisfies Record<string, [2, Record<string, unknown>]>;
  const linter = new DCLinter({ rules, quiet: false, debug: false, exclude: [] });
  const results = linter.lintFiles([path], false);
  assert.equal(results.length, 1, `${path} is read`);
  return results.flatMap(({ messages }) => messages.map((it) => `${it.line}: ${it.message}`));
}

function lintDockerfile(text: string): string[] {
  return validate(text).map(({ range, message }) => `${range.start.line + 1}: ${message}`);
}

Deno.test("the compose linter finds nothing in docker-compose.yml", () => {
  assert.deepEqual(lintCompose(new URL("../../../docker-compose.yml", import.meta.url).pathname), []);
});

Deno.test("the compose linter finds an image without a version and a port open to all", () => {
  const found = lintCompose(new URL("./faulty_compose.yml", import.meta.url).pathname);
  assert.equal(found.filter((it) => /does not have a concrete version tag/.test(it)).length, 1, found.join("\n"));
  assert.equal(found.filter((it) => /without specifying the interface/.test(it)).length, 1, found.join("\n"));
});

Deno.test("the Dockerfile's linter finds nothing in it", () => {
  assert.deepEqual(lintDockerfile(projectFile("Dockerfile")), []);
});

Deno.test("the Dockerfile's linter finds an unknown instruction and a list that is none", () => {
  const found = lintDockerfile("FROM denoland/deno:2.9.6\nUSR nobody\nCMD ['run']\n");
  assert.deepEqual(found.map((it) => it.slice(0, 10)), ["2: Unknown", "3: Instruc"]);
});
