/** Does a node without tokens obey programs and its own pages, and no other web page? */
import assert from "node:assert/strict";
import { Callers } from "../../../src/http/auth/callers.ts";
import { Cors } from "../../../src/http/auth/cors.ts";
import { OpenAccess, type OpenRefusal } from "../../../src/http/auth/open_access.ts";
import { test, type TestEdge, withEdge } from "../../support/edge.ts";
import { settingsOf } from "../../support/sale_commands.ts";
import { knownCallers } from "../../support/tokens.ts";

const SHOP = "https://shop.example";
const access = new OpenAccess({
  hosts: ["Shop.Test", "proxy.test:8443", "192.0.2.7", "[fd00::1]:8080"],
  origins: [SHOP],
});

/** A request as a server puts it together: its URL begins with the Host that was sent. */
function asked(host: string, headers: Record<string, string> = {}, url = `http://${host}/livez`): Request {
  const request = new Request("http://127.0.0.1/livez", { headers: { host, ...headers } });
  Object.defineProperty(request, "url", { value: url });
  return request;
}

function judge(...cases: [request: Request, refusal: OpenRefusal | undefined, name: string][]): void {
  for (const [request, refusal, name] of cases) assert.equal(access.refusalOf(request), refusal, name);
}

Deno.test("hosts that lead to loopback are allowed, however they are written", () => {
  const hosts = ["127.0.0.1", "127.0.0.1:8080", "127.255.0.9:1", "127.1", "localhost", "LocalHost:8080", "localhost."];
  hosts.push("localhost.:8080", "node.localhost", "a.b.localhost:3000", "[::1]", "[::1]:8080", "[0:0:0:0:0:0:0:1]");
  hosts.push("[::ffff:127.0.0.1]:8080", "0x7f.1");
  judge(...hosts.map((host) => [asked(host), undefined, host] as [Request, undefined, string]));
});

Deno.test("any other host is refused, names that only look like loopback too", () => {
  const hosts = [
    "evil.example",
    "evil.example:8080",
    "localhost.evil.example",
    "127.0.0.1.evil.example",
    "notlocalhost",
  ];
  hosts.push("0.0.0.0:8080", "[::]", "10.0.0.1", "[::ffff:10.0.0.1]", "[fe80::1]", "128.0.0.1", "local");
  judge(...hosts.map((host) => [asked(host), "host_not_allowed", host] as [Request, OpenRefusal, string]));
});

Deno.test("hosts that are named are allowed: at any port, or at theirs alone", () => {
  const allowed = ["shop.test", "SHOP.TEST:81", "shop.test.:81", "proxy.test:8443", "192.0.2.7:9", "[fd00:0::1]:8080"];
  const refused = ["a.shop.test", "proxy.test", "proxy.test:8444", "[fd00::1]", "192.0.2.8"];
  judge(
    ...allowed.map((host) => [asked(host), undefined, host] as [Request, undefined, string]),
    ...refused.map((host) => [asked(host), "host_not_allowed", host] as [Request, OpenRefusal, string]),
  );
  assert.equal(access.refusalOf(asked("evil.example")), "host_not_allowed", "an allowed one before it changes nothing");
});

Deno.test("of a whole URL as the target, both its host and the Host header must be allowed", () => {
  judge(
    [asked("localhost", {}, "http://evil.example/livez"), "host_not_allowed", "the target's"],
    [asked("evil.example", {}, "http://localhost/livez"), "host_not_allowed", "the header's"],
    [asked("localhost", {}, "http://127.0.0.1:8080/livez"), undefined, "both"],
  );
});

Deno.test("pages of the node itself may ask, whatever it is called", () => {
  const own: [string, string][] = [
    ["localhost:8080", "http://localhost:8080"],
    ["LOCALHOST:8080", "http://localhost:8080"],
    ["127.0.0.1", "http://127.0.0.1"],
    ["127.0.0.1:80", "http://127.0.0.1"],
    ["[::1]:8080", "http://[::1]:8080"],
    ["shop.test:8443", "https://shop.test:8443"],
    ["shop.test", "https://shop.test"],
  ];
  judge(...own.map(([host, origin]): [Request, undefined, string] => [
    asked(host, { origin, "sec-fetch-site": "same-origin" }),
    undefined,
    `${origin} at ${host}`,
  ]));
});

Deno.test("pages of other origins may not ask, but for those of CORS_ORIGINS", () => {
  const foreign = [
    "http://evil.example",
    "http://localhost:3000",
    "https://localhost",
    "http://127.0.0.1:8080",
    "null",
  ];
  foreign.push("", "http://localhost:80801", "http://localhost.evil.example:8080", "file://", "chrome-extension://abc");
  foreign.push("http://localhost:8080 http://localhost:8080", "https://shop.example:444", "ws://localhost:8080", "*");
  judge(
    ...foreign.map((origin): [Request, OpenRefusal, string] => [
      asked("localhost:8080", { origin }),
      "origin_not_allowed",
      origin,
    ]),
    [asked("localhost:8080", { origin: SHOP, "sec-fetch-site": "cross-site" }), undefined, SHOP],
  );
});

Deno.test("what a browser sends for another site without an Origin is refused; what a person opens is not", () => {
  const sites: [string, OpenRefusal | undefined][] = [
    ["cross-site", "cross_site_request"],
    ["Cross-Site", "cross_site_request"],
    ["same-site", undefined],
    ["same-origin", undefined],
    ["none", undefined],
  ];
  judge(...sites.map(([site, refusal]): [Request, OpenRefusal | undefined, string] => [
    asked("localhost:8080", { "sec-fetch-site": site }),
    refusal,
    site,
  ]));
});

Deno.test("a link of another site leads to the pages for people, and to nothing else", () => {
  const visit = { "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document" };
  const to = (path: string, headers: Record<string, string> = visit) =>
    asked("localhost:8080", headers, `http://localhost:8080${path}`);
  const pages = ["/", "/?a=/b", "/docs", "/docs/", "/docs/errors", "/docs/errors?a#sold_out"];
  const others = ["/api/coupons", "/api/audit", "/checkout?code=/docs", "/docsx", "/api/docs", "//docs", "/cluster"];
  others.push(
    "/docs/../api/coupons",
    "/docs/../metrics",
    "/docs/..",
    "/docs/.",
    "/docs/./../metrics",
    "/docs/a/../../metrics",
  );
  const refused = "cross_site_request";
  judge(
    ...pages.map((path) => [to(path), undefined, path] as [Request, undefined, string]),
    ...others.map((path) => [to(path), refused, path] as [Request, OpenRefusal, string]),
    [to("/docs", { ...visit, "sec-fetch-dest": "iframe" }), refused, "a frame"],
    [to("/docs", { ...visit, "sec-fetch-mode": "no-cors" }), refused, "a picture or a script"],
    [to("/docs", { "sec-fetch-site": "cross-site" }), refused, "what does not say what it is for"],
    [to("/docs", { ...visit, origin: "https://evil.example" }), "origin_not_allowed", "a form"],
  );
});

const open = { openAccess: access, cors: new Cors([SHOP]), callers: new Callers() };

async function codeOf(edge: TestEdge, request: Request): Promise<[number, unknown, unknown]> {
  const response = await edge.fetch(request);
  const text = await response.text();
  const { code, param } = text.startsWith("{") ? JSON.parse(text) : {};
  return [response.status, code, param];
}

test(
  "each refusal is 403 with a code of its own, on every route and before anything is done",
  async (edge) => {
    const paths = ["/livez", "/api/coupons", "/api/users/register", "/api/sales/current/stream", "/docs", "/none"];
    const hot = ["/api/coupons/claim", "/checkout?user_id=a&id=1", "/purchase?code=a"];
    for (const path of [...paths, ...hot]) {
      const method = paths.includes(path) ? "GET" : "POST";
      const ask = (host: string, headers: Record<string, string>) => {
        const request = new Request("http://127.0.0.1", { method, headers: { host, ...headers } });
        Object.defineProperty(request, "url", { value: `http://${host}${path}` });
        return codeOf(edge, request);
      };
      assert.deepEqual(await ask("evil.example", {}), [403, "host_not_allowed", "Host"], path);
      assert.deepEqual(await ask("localhost", { origin: "null" }), [403, "origin_not_allowed", "Origin"], path);
      const site = { "sec-fetch-site": "cross-site" };
      assert.deepEqual(await ask("localhost", site), [403, "cross_site_request", "Sec-Fetch-Site"], path);
    }
    assert.deepEqual(edge.acts.rows, []);
  },
  10_000,
  settingsOf(),
  open,
);

test(
  "a page of CORS_ORIGINS asks before it sends and then sends, under an allowed host alone",
  async (edge) => {
    const preflight = (host: string, origin: string) => {
      const headers = { host, origin, "access-control-request-method": "POST", "sec-fetch-site": "cross-site" };
      const request = new Request("http://127.0.0.1", { method: "OPTIONS", headers });
      Object.defineProperty(request, "url", { value: `http://${host}/api/coupons/claim` });
      return edge.fetch(request);
    };
    const asked = await preflight("localhost:8080", SHOP);
    assert.deepEqual([asked.status, asked.headers.get("access-control-allow-origin")], [204, SHOP]);
    assert.equal((await preflight("localhost:8080", "https://evil.example")).status, 403);
    assert.equal((await preflight("evil.example", SHOP)).status, 403);
  },
  10_000,
  settingsOf(),
  open,
);

Deno.test("with tokens it does not matter by which name or from which page a request comes", async () => {
  const callers = knownCallers({ now: () => 0 });
  await withEdge(
    async (edge) => {
      const headers = { host: "evil.example", origin: "https://evil.example", "sec-fetch-site": "cross-site" };
      const response = await edge.fetch(new Request("http://127.0.0.1/livez", { headers }));
      assert.equal(response.status, 200);
    },
    10_000,
    settingsOf(),
    { callers },
  );
});
