import assert from "node:assert/strict";
import { CLUSTER_PORT, readConfig } from "../../../src/config/config.ts";
import { stopMaxMs } from "../../../src/cli/serve.ts";
import { environmentOf, nodes, openNetworks, service, services } from "../../support/compose.ts";
import { commandOf, image, projectFile } from "../../support/image.ts";

/** A variable of a service, read as a URL. */
function urlOf(name: string, variable: string): URL {
  return new URL(environmentOf(service(name))[variable]!);
}

function shareNetwork(one: string, other: string): boolean {
  return service(one).networks.some((network) => service(other).networks.includes(network));
}

Deno.test("every service has a health check, restarts, and names its image's very version", () => {
  assert.equal(services.size, 7);
  for (const [name, { image: reference, build, healthcheck, restart }] of services) {
    assert.equal(restart, "unless-stopped", name);
    assert(healthcheck !== undefined && /^CMD(-SHELL)?$/.test(healthcheck.test[0]!), name);
    if (build === undefined) assert.match(reference, /^[a-z/-]+:\d+\.\d+(\.\d+)?(-[a-z]+)?$/, name);
  }
});

Deno.test("a node's health check is the image's", () => {
  const [text = ""] = /^HEALTHCHECK .*$/m.exec(projectFile("Dockerfile"))!;
  const option = (name: string) => new RegExp(`--${name}=(\\S+)`).exec(text)?.[1];
  for (const { healthcheck } of nodes.values()) {
    const { test, interval, timeout, retries, start_period } = healthcheck!;
    assert.deepEqual(test, ["CMD", ...commandOf("HEALTHCHECK")]);
    assert.deepEqual(
      [interval, timeout, String(retries), start_period],
      ["interval", "timeout", "retries", "start-period"].map(option),
    );
  }
});

Deno.test("no service may more than it needs", () => {
  for (const [name, { cap_drop, read_only, security_opt, user, build }] of services) {
    assert.deepEqual([cap_drop, read_only, security_opt], [["ALL"], true, ["no-new-privileges:true"]], name);
    // Of the gateway's image no document names a user.
    if (name !== "gateway") assert.match(user ?? "", /^[1-9]\d*:[1-9]\d*$/, name);
    if (build !== undefined) assert.deepEqual([user], image("USER"));
  }
});

Deno.test("no secret stands on a command line that others see", () => {
  for (const [name, { command = [] }] of services) {
    assert.doesNotMatch(command.join(" "), /(?<!\$)\$\{?\w*(PASSWORD|SECRET|TOKEN|AUTH)/, name);
  }
});

Deno.test("there are three nodes, each named as its service and reached by its peers there", () => {
  assert.deepEqual([...nodes.keys()], ["node-1", "node-2", "node-3"]);
  for (const name of nodes.keys()) {
    assert.equal(environmentOf(service(name))["NODE_ID"], name);
    assert.equal(urlOf(name, "NODE_URL").href, `http://${name}:${CLUSTER_PORT}/`);
  }
});

Deno.test("the nodes differ in nothing but their names", () => {
  const plain = [...nodes].map(([name, node]) => JSON.stringify(node).replaceAll(name, "node"));
  assert.equal(new Set(plain).size, 1);
});

Deno.test("the nodes' and the balancer's ports are the code's own, and the image tells them", () => {
  const { port } = readConfig({});
  assert.deepEqual(image("EXPOSE"), [`${port} ${CLUSTER_PORT}`]);
  assert.deepEqual(service("balancer").ports?.map(({ target }) => target), [port]);
});

Deno.test("only the balancer has a published port, and only it is on a network that leads outside", () => {
  const having = (is: (name: string) => boolean) => [...services.keys()].filter(is);
  assert.deepEqual(having((name) => service(name).ports !== undefined), ["balancer"]);
  assert.equal(openNetworks.length, 1);
  assert.deepEqual(having((name) => service(name).networks.includes(openNetworks[0]!)), ["balancer"]);
  assert.deepEqual(having((name) => name !== "balancer" && shareNetwork("balancer", name)), [...nodes.keys()]);
});

Deno.test("what a service asks is on a network with it, under the credentials that it was given", () => {
  const { DATABASE_PASSWORD, POSTGRES_USER, POSTGRES_PASSWORD, POSTGRES_DB } = environmentOf(service("postgres"));
  const [, role] = /^alter role (\w+)$/m.exec(projectFile("deploy/node_role.sql"))!;
  for (const name of nodes.keys()) {
    const database = urlOf(name, "DATABASE_URL");
    const [user, password, path] = [database.username, database.password, database.pathname];
    assert.deepEqual([user, password, path], [role, DATABASE_PASSWORD, `/${POSTGRES_DB}`]);
    assert(user !== POSTGRES_USER && password !== POSTGRES_PASSWORD, "no superuser");
    const gateway = urlOf(name, "UPSTASH_REDIS_REST_URL");
    assert.equal(
      environmentOf(service(name))["UPSTASH_REDIS_REST_TOKEN"],
      environmentOf(service("gateway"))["SRH_TOKEN"],
    );
    const asked = [database.hostname, gateway.hostname, ...nodes.keys()];
    assert.deepEqual(asked.filter((other) => !shareNetwork(name, other)), []);
  }
  const redis = urlOf("gateway", "SRH_CONNECTION_STRING");
  assert(shareNetwork("gateway", redis.hostname));
  assert.equal(redis.password, environmentOf(service(redis.hostname))["REDISCLI_AUTH"]);
});

Deno.test("a node that is told to serve on for longer, or to wait longer for what it finishes, may take that long", () => {
  assert.equal(stopMaxMs(readConfig({})), 12_000);
  assert.equal(stopMaxMs(readConfig({ DRAIN: "1m" })), 70_000);
  assert.equal(stopMaxMs(readConfig({ REQUEST_TIMEOUT: "20s" })), 27_000);
});

Deno.test("a node is given more time to stop than it takes at most", () => {
  for (const [name, { stop_grace_period }] of nodes) {
    const [, seconds] = /^(\d+)s$/.exec(stop_grace_period ?? "") ?? [];
    const takes = stopMaxMs(readConfig(environmentOf(service(name))));
    assert(Number(seconds) * 1_000 > takes, `${name}: ${stop_grace_period} for ${takes} ms`);
  }
});

Deno.test("PostgreSQL keeps its data in a volume and loses nothing that it acknowledged", () => {
  const { command = [], volumes = [] } = service("postgres");
  for (const setting of ["fsync", "full_page_writes", "synchronous_commit"]) {
    assert.deepEqual(command.filter((it) => it.startsWith(`${setting}=`)), [`${setting}=on`]);
  }
  assert.deepEqual(volumes, [
    "postgres-data:/var/lib/postgresql/data",
    "./deploy/node_role.sql:/docker-entrypoint-initdb.d/node_role.sql:ro",
  ]);
});
