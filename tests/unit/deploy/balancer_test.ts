import assert from "node:assert/strict";
import { readConfig } from "../../../src/config/config.ts";
import { nodes, service } from "../../support/compose.ts";
import { get, makeEdge } from "../../support/edge.ts";
import { projectFile } from "../../support/image.ts";

const config = readConfig({});
const lines = projectFile("deploy/haproxy.cfg").split("\n").map((line) => line.trim());
const UNITS_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000 };

/** What stands after a directive in the balancer's file, once for each time that it is there. */
function directive(name: string): string[] {
  return lines.filter((line) => line.startsWith(`${name} `)).map((line) => line.slice(name.length + 1));
}

function milliseconds(text: string | undefined): number {
  const [, digits, unit] = /^(\d+)(ms|s)$/.exec(text ?? "") ?? [];
  return Number(digits) * UNITS_MS[unit!]!;
}

Deno.test("the balancer sends to exactly the three nodes, at their public port", () => {
  assert.deepEqual(directive("server"), [...nodes.keys()].map((name) => `${name} ${name}:${config.port}`));
});

Deno.test("the balancer says whom it serves, as nodes that trust it expect", () => {
  assert.deepEqual(lines.filter((line) => line === "option forwardfor"), ["option forwardfor"]);
  for (const node of nodes.values()) assert.equal(node.environment!["TRUST_PROXY"], "true");
});

Deno.test("the balancer listens where its port is published and its health is asked", () => {
  const { ports = [], healthcheck, volumes } = service("balancer");
  const [, port] = /^:(\d+)$/.exec(directive("bind")[0]!)!;
  assert.deepEqual(ports.map(({ target }) => String(target)), [port]);
  assert.equal(new URL(healthcheck!.test.at(-1)!).port, port);
  assert.deepEqual(volumes, ["./deploy/haproxy.cfg:/usr/local/etc/haproxy/haproxy.cfg:ro"]);
});

Deno.test("the balancer asks for readiness, by the edge's own path: 200, and 503 of a node that leaves", async () => {
  const [, path] = /^GET (\S+)$/.exec(directive("option httpchk")[0]!)!;
  assert.deepEqual(directive("http-check expect"), ["status 200"]);
  assert.equal(new URL(service("balancer").healthcheck!.test.at(-1)!).pathname, path);
  const edge = makeEdge();
  try {
    assert.equal((await edge.fetch(get(path!))).status, 200);
    edge.health.leave();
    assert.equal((await edge.fetch(get(path!))).status, 503);
  } finally {
    edge.close();
  }
});

Deno.test("the balancer sees that a node leaves while it still serves, and waits for an answer until the node gives up", () => {
  const [, every, times] = /\binter (\S+) fall (\d+)/.exec(directive("default-server")[0]!)!;
  // Worst case: the node turned right after a check.
  assert(milliseconds(every) * (Number(times) + 1) < config.drainMs);
  assert(milliseconds(directive("timeout server")[0]) > config.requestTimeoutMs);
});
