/** The cluster as this node sees it; other nodes may see it differently for a moment. */
import type { ActorView, ClusterViews, NodeView } from "../../ports/mod.ts";
import { parseSaleKey } from "../../domain/sale_ids.ts";
import { normalizeName } from "../../domain/name_key.ts";
import { answer, type Answered, refusal } from "../answers/answer.ts";
import type { RoutedRequest } from "../requests/routed_request.ts";
import { showTime } from "../../contract/values.ts";

/** Maximum number of actors of each kind that are shown. */
const ACTORS_MAX = 100;

function showNode({ id, url, share, state }: NodeView): Record<string, unknown> {
  return { id, url, share: Math.round(share * 10_000) / 10_000, state };
}

function showActor({ key, epoch, mailboxDepth, confirmedAt }: ActorView): Record<string, unknown> {
  const confirmed_at = confirmedAt === null ? null : showTime(Math.floor(confirmedAt));
  return { key, epoch, mailbox_depth: mailboxDepth, confirmed_at };
}

export class ClusterHandlers {
  constructor(readonly views: ClusterViews) {}

  show({ id }: RoutedRequest): Answered {
    const { self } = this.views;
    const { state, ageMs } = this.views.registry();
    const actors = (kind: "coupon" | "sale") => {
      const { data, total } = this.views.actors(kind, ACTORS_MAX);
      return { total, newest: data.map((actor) => ({ ...showActor(actor), owner: this.views.ownerOf(actor.key).id })) };
    };
    const registry = { state, age_ms: ageMs === null ? null : Math.round(ageMs) };
    const nodes = this.views.nodes().map(showNode);
    return answer(
      200,
      id,
      JSON.stringify({ node: self, nodes, registry, actors: { coupons: actors("coupon"), sales: actors("sale") } }),
    );
  }

  /** Shows who owns the actor of a coupon's name or a sale's id. Does not look up whether the coupon or sale exists. */
  showActor({ id, names }: RoutedRequest): Answered {
    const isSale = parseSaleKey(names[0]!) !== undefined;
    const key = isSale ? names[0]! : normalizeName(names[0]!);
    if (key === undefined) return refusal("not_found", id);
    const kind = isSale ? "sale" : "coupon";
    const here = this.views.actor(kind, key);
    const owner = showNode(this.views.ownerOf(key));
    return answer(
      200,
      id,
      JSON.stringify({ key, kind, owner, node: this.views.self, here: here === undefined ? null : showActor(here) }),
    );
  }
}
