/**
 * Who may ask for what? Every route that the edge knows, asked by everyone: an outsider gets 401 or 403 and changes
 * nothing. A route that is new has no row here, and fails until it has one.
 */
import assert from "node:assert/strict";
import { ROUTES } from "../../src/http/routes/mod.ts";
import { itemIdOf, saleKeyOf, saleNumberAt } from "../../src/domain/sale_ids.ts";
import { get, post } from "../support/edge.ts";
import { type GuardedNode, openGuardedNode } from "../support/guarded_node.ts";
import { open } from "../support/sale_commands.ts";
import { openTestEmbedded, openTestPostgres } from "../support/storage.ts";
import { ADMIN_TOKEN, bearer, changedToken, SERVICE_TOKEN, unsignedToken, userToken } from "../support/tokens.ts";

/** Who asks. `user`: the one whom it is about; `other`: another. The last three show what claims to be that user's. */
const ASKERS = ["none", "user", "other", "service", "admin", "forged", "expired", "algNone"] as const;
type Asker = typeof ASKERS[number];
/** The statuses that they get, in that order. */
type Statuses = readonly [number, number, number, number, number, number, number, number];

const PUBLIC: Statuses = [200, 200, 200, 200, 200, 200, 200, 200];
/** For administrators alone. */
const ADMIN: Statuses = [401, 403, 403, 403, 200, 401, 401, 401];
const SERVICE: Statuses = [401, 403, 403, 200, 200, 401, 401, 401];
/** For its user, a service and the admin. */
const OWN: Statuses = [401, 200, 403, 200, 200, 401, 401, 401];

const USER = "user_1";

/** What a request is about: made anew for each asker, so that none finds it changed by another. */
interface Scene {
  /** Where nobody claimed. */
  readonly coupon: string;
  /** Where the user claimed. */
  readonly claimed: string;
  readonly sale: string;
  /** An item that is free. */
  readonly item: number;
  /** A live hold of the user's. */
  readonly held: string;
  /** A purchase of the user's. */
  readonly bought: string;
  /** A bulk job that waits, and one that has ended. */
  readonly job: number;
  readonly ended: number;
  /** Unused by any other. */
  readonly place: number;
}

type Ask = (scene: Scene, headers: Record<string, string>) => Request;

const reading = (path: (scene: Scene) => string): Ask => (scene, headers) => get(path(scene), "GET", headers);
const asking = (method: string, path: (scene: Scene) => string): Ask => (scene, headers) =>
  get(path(scene), method, headers);
const sending = (method: string, path: (scene: Scene) => string, body: (scene: Scene) => unknown): Ask =>
(
  scene,
  headers,
) => post(path(scene), body(scene), headers, method);

const claimOf = ({ coupon }: Scene) => ({ user_id: USER, coupon_name: coupon });

const TABLE: Readonly<Record<string, readonly [Ask, Statuses]>> = {
  "POST /api/coupons/claim": [sending("POST", () => "/api/coupons/claim", claimOf), OWN],
  "POST /api/coupons/validate": [sending("POST", () => "/api/coupons/validate", claimOf), OWN],
  "POST /api/coupons": [
    sending("POST", () => "/api/coupons", ({ place }) => ({ name: `new ${place}`, amount: 1 })),
    [401, 403, 403, 403, 201, 401, 401, 401],
  ],
  "GET /api/coupons": [reading(() => "/api/coupons"), PUBLIC],
  "GET /api/coupons/:name": [reading(({ coupon }) => `/api/coupons/${coupon}`), PUBLIC],
  "PUT /api/coupons/:name": [sending("PUT", ({ coupon }) => `/api/coupons/${coupon}`, () => ({ paused: true })), ADMIN],
  "PATCH /api/coupons/:name": [asking("PATCH", ({ coupon }) => `/api/coupons/${coupon}`), ADMIN],
  "GET /api/coupons/:name/claims": [reading(({ claimed }) => `/api/coupons/${claimed}/claims`), SERVICE],
  "GET /api/coupons/:name/claims/:user": [reading(({ claimed }) => `/api/coupons/${claimed}/claims/${USER}`), OWN],
  "DELETE /api/coupons/:name/claims/:user": [
    asking("DELETE", ({ claimed }) => `/api/coupons/${claimed}/claims/${USER}`),
    ADMIN,
  ],
  "POST /checkout": [asking("POST", ({ item }) => `/checkout?user_id=${USER}&id=${item}`), OWN],
  "POST /purchase": [asking("POST", ({ held }) => `/purchase?code=${held}`), OWN],
  "GET /checkout": [reading(({ held }) => `/checkout?code=${held}`), OWN],
  "DELETE /checkout": [asking("DELETE", ({ held }) => `/checkout?code=${held}`), OWN],
  "DELETE /purchase": [asking("DELETE", ({ bought }) => `/purchase?code=${bought}`), ADMIN],
  "GET /api/sales": [reading(() => "/api/sales"), PUBLIC],
  "GET /api/sales/:sale": [reading(({ sale }) => `/api/sales/${sale}`), PUBLIC],
  "PATCH /api/sales/:sale": [sending("PATCH", ({ sale }) => `/api/sales/${sale}`, () => ({ paused: false })), ADMIN],
  "GET /api/sales/:sale/items": [reading(({ sale }) => `/api/sales/${sale}/items`), PUBLIC],
  "GET /api/sales/:sale/items/:item": [reading(({ sale, item }) => `/api/sales/${sale}/items/${item}`), PUBLIC],
  "GET /api/sales/:sale/items/:item/image.svg": [
    reading(({ sale, item }) => `/api/sales/${sale}/items/${item}/image.svg`),
    PUBLIC,
  ],
  "GET /api/sales/:sale/attempts": [reading(({ sale }) => `/api/sales/${sale}/attempts`), ADMIN],
  "GET /api/sales/:sale/stream": [reading(({ sale }) => `/api/sales/${sale}/stream`), PUBLIC],
  "POST /users": [
    sending("POST", () => "/users", ({ place }) => ({ ID: `new ${place}`, segment: "gold", expiredSegment: 4e9 })),
    [401, 403, 403, 403, 201, 401, 401, 401],
  ],
  "GET /segments/count": [reading(() => "/segments/count"), SERVICE],
  "GET /api/users/register": [reading(() => "/api/users/register"), ADMIN],
  "POST /api/users/register": [asking("POST", () => "/api/users/register"), ADMIN],
  ...Object.fromEntries(
    ["", "/wallet", "/claims", "/purchases"].map((list) => {
      return [`GET /api/users/:user${list}`, [reading(() => `/api/users/${USER}${list}`), OWN] as const];
    }),
  ),
  "GET /api/coupons/:name/claims.csv": [reading(({ claimed }) => `/api/coupons/${claimed}/claims.csv`), ADMIN],
  "GET /api/sales/:sale/purchases.csv": [reading(({ sale }) => `/api/sales/${sale}/purchases.csv`), ADMIN],
  "GET /api/users/:user/wallet.csv": [reading(() => `/api/users/${USER}/wallet.csv`), ADMIN],
  "GET /api/claims.csv": [reading(() => "/api/claims.csv"), ADMIN],
  "GET /api/purchases.csv": [reading(() => "/api/purchases.csv"), ADMIN],
  "GET /api/wallets.csv": [reading(() => "/api/wallets.csv"), ADMIN],
  "POST /api/coupons/bulk": [
    sending("POST", () => "/api/coupons/bulk", () => ({ count: 1, unguessable: true })),
    [401, 403, 403, 403, 202, 401, 401, 401],
  ],
  "GET /api/bulk": [reading(() => "/api/bulk"), ADMIN],
  "GET /api/bulk/:id": [reading(({ job }) => `/api/bulk/${job}`), ADMIN],
  "GET /api/bulk/:id/codes.csv": [reading(({ ended }) => `/api/bulk/${ended}/codes.csv`), ADMIN],
  "DELETE /api/bulk/:id": [asking("DELETE", ({ job }) => `/api/bulk/${job}`), ADMIN],
  "GET /cluster": [reading(() => "/cluster"), ADMIN],
  "GET /cluster/actors/:key": [reading(({ sale }) => `/cluster/actors/${sale}`), ADMIN],
  "POST /api/audits": [asking("POST", () => "/api/audits"), ADMIN],
  "GET /api/audit": [reading(() => "/api/audit"), ADMIN],
  "GET /metrics": [reading(() => "/metrics"), SERVICE],
  "GET /": [reading(() => "/"), PUBLIC],
  "GET /favicon.ico": [reading(() => "/favicon.ico"), PUBLIC],
  "GET /docs/": [reading(() => "/docs/"), PUBLIC],
  "GET /openapi.json": [reading(() => "/openapi.json"), PUBLIC],
  "GET /docs": [reading(() => "/docs"), PUBLIC],
  "GET /docs/errors": [reading(() => "/docs/errors"), PUBLIC],
  "GET /docs/:file": [reading(() => "/docs/start.js"), PUBLIC],
  ...Object.fromEntries(
    ["/livez", "/readyz", "/health", "/healthcheck", "/api/health", "/api/healthcheck"].map((path) => {
      return [`GET ${path}`, [reading(() => path), PUBLIC] as const];
    }),
  ),
};

/** Rows that a request can be about, made in one place for all. */
class Stage {
  #place = 0;
  readonly #number: number;
  readonly #sale: string;

  constructor(readonly node: GuardedNode) {
    this.#number = saleNumberAt(node.storage.clock.now());
    this.#sale = saleKeyOf(this.#number);
  }

  async open(): Promise<void> {
    await this.node.sales.ask(this.#sale, { ...open(100_000), number: this.#number });
  }

  async scene(): Promise<Scene> {
    const place = ++this.#place;
    const [coupon, claimed] = [`coupon-${place}`, `claimed-${place}`];
    for (const name of [coupon, claimed]) await this.#ok(post("/api/coupons", { name, amount: 5 }, ADMINS));
    await this.#ok(post("/api/coupons/claim", { user_id: USER, coupon_name: claimed }, ADMINS));
    const item = (n: number) => itemIdOf(this.#number, 3 * place + n);
    const held = await this.#hold(item(1));
    const bought = await this.#hold(item(2));
    await this.#ok(get(`/purchase?code=${bought}`, "POST", ADMINS));
    const add = async () => (await this.#ok(post("/api/coupons/bulk", { count: 1, unguessable: true }, ADMINS))).id;
    const [job, ended] = [await add(), await add()];
    await this.#ok(get(`/api/bulk/${ended}`, "DELETE", ADMINS));
    return { coupon, claimed, sale: this.#sale, item: item(3), held, bought, job, ended, place };
  }

  /** Holds that live for half a minute would keep their user at the limit: it is given back where it is not needed. */
  async strike({ held, bought }: Scene): Promise<void> {
    for (const path of [`/checkout?code=${held}`, `/purchase?code=${held}`, `/purchase?code=${bought}`]) {
      await (await this.node.edge.fetch(get(path, "DELETE", ADMINS))).body?.cancel();
    }
  }

  async #hold(item: number): Promise<string> {
    return (await this.#ok(get(`/checkout?user_id=${USER}&id=${item}`, "POST", ADMINS))).code;
  }

  async #ok(request: Request): Promise<{ code: string; id: number }> {
    const response = await this.node.edge.fetch(request);
    const body = await response.json();
    assert(response.ok, `${request.method} ${request.url}: ${JSON.stringify(body)}`);
    return body;
  }
}

const ADMINS = bearer(ADMIN_TOKEN);

async function shownBy(now: number): Promise<Record<Asker, Record<string, string>>> {
  return {
    none: {},
    user: bearer(await userToken(USER, now)),
    other: bearer(await userToken("user_2", now)),
    service: bearer(SERVICE_TOKEN),
    admin: ADMINS,
    forged: bearer(await changedToken(USER, now)),
    expired: bearer(await userToken(USER, now, { exp: Math.floor(now / 1_000) - 1 })),
    algNone: bearer(unsignedToken(USER, now)),
  };
}

for (const [name, openDatabase] of [["PostgreSQL", openTestPostgres], ["embedded", openTestEmbedded]] as const) {
  Deno.test(`${name}: each route answers each asker as the table says, and outsiders change nothing`, async () => {
    const node = await openGuardedNode(await openDatabase());
    try {
      const known = ROUTES.map(({ method, path }) => `${method} ${path}`);
      assert.deepEqual(known.toSorted(), Object.keys(TABLE).toSorted(), "each route has its row");
      const stage = new Stage(node);
      await stage.open();
      const shown = await shownBy(node.storage.clock.now());
      const ask = async (route: string, asker: Asker, scene: Scene) => {
        const [request, statuses] = TABLE[route]!;
        const response = await node.edge.fetch(request(scene, shown[asker]));
        await response.body?.cancel();
        assert.equal(response.status, statuses[ASKERS.indexOf(asker)], `${route} by ${asker}`);
        return response;
      };
      const cells = known.flatMap((route) => {
        return ASKERS.map((asker, place) => ({ route, asker, status: TABLE[route]![1][place]! }));
      });

      // Outsiders: about one scene, since they change nothing of it.
      const scene = await stage.scene();
      const before = await node.rows();
      assert(["claims", "coupons", "holds", "purchases"].every((table) => before.get(table)!.length > 0));
      for (const { route, asker, status } of cells) {
        if (status !== 401 && status !== 403) continue;
        const response = await ask(route, asker, scene);
        assert.equal(response.headers.has("www-authenticate"), status === 401);
      }
      assert.deepEqual(await node.rows(), before);
      await stage.strike(scene);

      // The others: each about a scene of its own, where it changes any.
      for (const { route, asker, status } of cells) {
        if (status === 401 || status === 403) continue;
        const own = route.startsWith("GET") ? scene : await stage.scene();
        await ask(route, asker, own);
        if (own !== scene) await stage.strike(own);
      }

      const { data } = await node.storage.acts.page(0, 10_000);
      const recorded = (status: number) => data.filter((act) => act.status === status).map(({ caller }) => caller);
      assert.deepEqual([...new Set(recorded(403))].toSorted(), ["service", "user:user_1", "user:user_2"]);
      assert.deepEqual(recorded(401), [], "who is not known leaves no trail");
      assert(data.every(({ status }) => status !== null));
    } finally {
      await node.close();
    }
  });
}
