/** How is a rival served? Behind the very same edge: same checks, ids and shape of answer; only the asking differs. */
import type {
  AdminActs,
  BulkJobs,
  ClusterViews,
  Coupons,
  CouponViews,
  EligibilityViews,
  OutcomeOf,
  Sales,
  SaleViews,
} from "../../src/ports/mod.ts";
import type { CouponKind } from "../../src/domain/coupon.ts";
import { parseSaleKey } from "../../src/domain/sale_ids.ts";
import type { SaleCommandOf } from "../../src/domain/sale_kind.ts";
import type { SaleKind } from "../../src/domain/sale.ts";
import { Edge } from "../../src/http/app.ts";
import { BodyReader } from "../../src/http/requests/body.ts";
import type { AuditHandlers } from "../../src/http/handlers/audits.ts";
import { BulkHandlers } from "../../src/http/handlers/bulk.ts";
import { Callers } from "../../src/http/auth/callers.ts";
import { CheckoutHandlers } from "../../src/http/handlers/checkouts.ts";
import { ClusterHandlers } from "../../src/http/handlers/cluster.ts";
import { listen } from "../../src/http/connections.ts";
import { CouponHandlers } from "../../src/http/handlers/coupons.ts";
import type { ExportHandlers } from "../../src/http/handlers/exports.ts";
import { CsvStreams } from "../../src/http/answers/csv_streams.ts";
import { Health } from "../../src/http/handlers/health.ts";
import { ItemPictures } from "../../src/http/handlers/item_pictures.ts";
import { Metrics } from "../../src/http/metrics.ts";
import { SaleStreams } from "../../src/http/handlers/sale_streams.ts";
import { SaleHandlers } from "../../src/http/handlers/sales.ts";
import type { UserHandlers } from "../../src/http/handlers/users.ts";
import { Trail } from "../../src/http/auth/trail.ts";

/** Whom no one asks. */
const NOBODY = { ask: () => Promise.reject(new Error("Cannot ask as this rival has none of these")) };
const NO_COUPON_VIEWS = {} as CouponViews;
const NO_ELIGIBILITY = {} as EligibilityViews;
const NO_SALE_VIEWS = {} as SaleViews;

/** A rival's claim. */
export type Claim = (
  fold: string,
  command: { readonly id: string; readonly userId: string },
) => Promise<OutcomeOf<CouponKind>>;

/** A rival's checkout or purchase, at a sale by its key and its number. */
export type SaleAct<K extends "checkout" | "purchase"> = (
  key: string,
  sale: number,
  command: SaleCommandOf<K>,
) => Promise<OutcomeOf<SaleKind>>;

/** Claims that succeed at once, nobody asked and nothing stored. */
export function answeredAtOnce(): Claim {
  let remaining = 2_000_000_000;
  return (_fold, { id: claimId, userId }) => {
    remaining--;
    const answer = { kind: "claimed", claimId, userId, couponName: "C0", remaining, claimedAt: Date.now() } as const;
    return Promise.resolve({ kind: "done", answer });
  };
}

/** Serves as `serveEdge`, and claims alone. */
export function serveClaims(claim: Claim): void {
  serveEdge({
    coupons: {
      ask(fold, command): Promise<OutcomeOf<CouponKind>> {
        if (command.kind === "claim") return claim(fold, command);
        return Promise.resolve({ kind: "refused", refusal: "coupon_not_found" });
      },
    },
  });
}

/** Serves as `serveEdge`, and checkouts and purchases alone. */
export function serveSales(checkout: SaleAct<"checkout">, purchase: SaleAct<"purchase">): void {
  serveEdge({
    sales: {
      ask(key, command): Promise<OutcomeOf<SaleKind>> {
        const number = parseSaleKey(key)!;
        if (command.kind === "checkout") return checkout(key, number, command);
        if (command.kind === "purchase") return purchase(key, number, command);
        return Promise.resolve({ kind: "refused", refusal: "sale_not_found" });
      },
    },
  });
}

/** What an edge stands before, and how it listens. */
export interface EdgeParts {
  readonly coupons?: Coupons;
  readonly sales?: Sales;
}

/** Serves claims by these coupons, and checkouts and purchases by these sales, on 127.0.0.1, and prints the port. */
export function serveEdge({ coupons = NOBODY, sales = NOBODY }: EdgeParts): void {
  const bodies = new BodyReader();
  const streams = new SaleStreams(NO_SALE_VIEWS);
  const asked = { sales, views: NO_SALE_VIEWS, purchaseLimit: 10 };
  const edge = new Edge({
    coupons: new CouponHandlers(coupons, NO_COUPON_VIEWS, NO_ELIGIBILITY),
    bulk: new BulkHandlers({} as BulkJobs, new CsvStreams()),
    sales: new SaleHandlers({ ...asked, pictures: new ItemPictures(), streams }),
    checkouts: new CheckoutHandlers(asked),
    bodies,
    users: {} as UserHandlers,
    exports: {} as ExportHandlers,
    callers: new Callers(),
    trail: new Trail({
      acts: {} as AdminActs,
      clock: { monotonic: () => performance.now() },
      trustProxy: false,
      incomplete() {},
    }),
    cluster: new ClusterHandlers({} as ClusterViews),
    audits: {} as AuditHandlers,
    health: new Health(() => true),
    metrics: new Metrics({
      actorsAwake: () => 0,
      mailboxDepth: () => 0,
      streams: () => 0,
      commitAge: () => 0,
      registryAge: () => NaN,
      clockUncertainty: () => NaN,
    }),
    log: {
      verbose: false,
      began() {},
      answered() {},
      failed: (_request, { route, code }, error) => console.error(route, code, error),
    },
  });
  const port = Number(Deno.args[0] ?? 0);
  const listening = listen({ hostname: "127.0.0.1", port, headerTimeoutMs: 0 }, (request) => edge.fetch(request));
  console.log(`listening ${listening.port}`);
}
Deno.addSignalListener("SIGINT", () => Deno.exit(0));
