/** How is a rival served? Behind the very same edge: same checks, ids and shape of answer; only the asking differs. */
import type { Coupons, CouponViews } from "../../src/actors/ports.ts";
import { Edge } from "../../src/http/app.ts";
import { BodyReader } from "../../src/http/body.ts";
import { CouponRoutes } from "../../src/http/coupons.ts";
import { Health } from "../../src/http/health.ts";
import { Metrics } from "../../src/http/metrics.ts";

const NO_VIEWS = {} as CouponViews;

/** Serves claims by these coupons on 127.0.0.1, and prints the port. */
export function serveEdge(coupons: Coupons): void {
  const metrics = new Metrics({ actorsAwake: () => 0, mailboxDepth: () => 0 });
  const edge = new Edge({
    coupons: new CouponRoutes(coupons, NO_VIEWS, new BodyReader()),
    health: new Health(() => true),
    metrics,
    log: { verbose: false, answered() {}, failed: (_id, route, code, error) => console.error(route, code, error) },
  });
  const port = Number(Deno.args[0] ?? 0);
  const onListen = ({ port }: { port: number }) => console.log(`listening ${port}`);
  Deno.serve({ hostname: "127.0.0.1", port, onListen }, edge.fetch);
}
Deno.addSignalListener("SIGINT", () => Deno.exit(0));
