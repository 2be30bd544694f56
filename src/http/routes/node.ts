/** The routes of a node: its health, its metrics, its view of the cluster. */
import * as z from "zod";
import { type Route, route, tagged, type Untagged } from "./route.ts";
import { name } from "../../contract/named.ts";
import { count, timeShown } from "../../contract/values.ts";

const Healthy = name("Healthy", z.object({ status: z.literal("healthy") }));
const Ready = name("Ready", z.object({ status: z.literal("ready") }));

const ClusterNode = name(
  "ClusterNode",
  z.object({
    id: z.string(),
    url: z.string().meta({ description: "The address at which its peers reach it." }),
    share: z.number().min(0).max(1).meta({ description: "The share of all keys that it owns." }),
    state: z.enum(["in", "unreachable"]),
  }),
);

const actorFields = {
  key: z.string().meta({ description: "A coupon's name in the form in which names are compared, or a sale's id." }),
  epoch: z.nullable(z.int().min(0)).meta({ description: "Its fencing token; null while it has none." }),
  mailbox_depth: count.meta({ description: "Number of waiting commands." }),
  confirmed_at: z.nullable(timeShown).meta({ description: "When PostgreSQL last confirmed that this node owns it." }),
};
const Actor = name("Actor", z.object(actorFields));
const ActorOfNode = name(
  "ActorOfNode",
  z.object({ ...actorFields, owner: z.string().meta({ description: "The owner by the ring." }) }),
);
const Actors = name(
  "Actors",
  z.object({ total: count, newest: z.array(ActorOfNode).max(100).meta({ description: "Most recently used first." }) }),
);
const Cluster = name(
  "Cluster",
  z.object({
    node: z.string().meta({ description: "This node." }),
    nodes: z.array(ClusterNode),
    registry: z.object({
      state: z.enum(["answers", "silent", "none"]),
      age_ms: z.nullable(z.number().min(0)).meta({
        description: "Milliseconds since it last answered; null if it never did.",
      }),
    }),
    actors: z.object({ coupons: Actors, sales: Actors }),
  }),
);
const ActorPlace = name(
  "ActorPlace",
  z.object({
    key: z.string(),
    kind: z.enum(["coupon", "sale"]),
    owner: ClusterNode,
    node: z.string().meta({ description: "This node." }),
    here: z.nullable(Actor).meta({ description: "Null if it is not in memory on this node." }),
  }),
);

function health(path: string): Untagged {
  return route({
    method: "GET",
    path,
    id: "health" + path.replace(/\W+(\w)/g, (_, letter: string) => letter.toUpperCase()),
    summary: "Whether the process answers",
    authority: "public",
    ignoresOtherParameters: true,
    answers: { 200: { description: "It does.", schema: Healthy, example: { status: "healthy" } } },
    handle: ({ health }, { id }) => health.live(id),
  });
}

/** The routes. */
export const node: readonly Route[] = tagged("Node", [
  ...["/livez", "/health", "/healthcheck", "/api/health", "/api/healthcheck"].map(health),
  route({
    method: "GET",
    path: "/readyz",
    id: "ready",
    summary: "Whether requests should be sent here",
    authority: "public",
    answers: { 200: { description: "They should.", schema: Ready, example: { status: "ready" } } },
    problems: ["not_ready"],
    ignoresOtherParameters: true,
    handle: ({ health }, { id }) => health.ready(id),
  }),
  route({
    method: "GET",
    path: "/metrics",
    id: "metrics",
    summary: "Metrics of this node",
    authority: "service",
    answers: { 200: { description: "Prometheus's text format.", type: "text/plain", schema: z.string() } },
    ignoresOtherParameters: true,
    handle: ({ metrics }, { id }) => metrics.show(id),
  }),
  route({
    method: "GET",
    path: "/cluster",
    id: "showCluster",
    summary: "The cluster, as this node sees it",
    authority: "admin",
    answers: { 200: { description: "Nodes, the registry, and this node's actors.", schema: Cluster } },
    handle: ({ cluster }, routed) => cluster.show(routed),
  }),
  route({
    method: "GET",
    path: "/cluster/actors/:key",
    id: "showActor",
    summary: "Who owns an actor",
    description: "By the ring. Does not check whether the coupon or sale exists.",
    authority: "admin",
    segments: { key: z.string().meta({ description: "A coupon's name or a sale's id.", examples: ["PROMO_SUPER"] }) },
    answers: { 200: { description: "Its owner.", schema: ActorPlace } },
    problems: ["not_found"],
    handle: ({ cluster }, routed) => cluster.showActor(routed),
  }),
]);
