/** What does the result of a probe mean for the ring? */
import type { Found } from "./calls.ts";
import type { ClusterEvents } from "./events.ts";
import type { Member } from "./member.ts";
import type { ClusterView } from "./cluster_view.ts";

/**
 * The cluster view after a probe of a node.
 *
 * @param missing whether the registry answered and does not list the node
 */
export function applyProbe(view: ClusterView, member: Member, found: Found, missing: boolean): ClusterView {
  if (found === "silent") return missing ? view.lost(member) : view;
  if (found === "refused") return missing ? view.lost(member) : view.refused(member);
  // Another node listens there now.
  if (found.id !== member.id) return view.refused(member);
  return found.leaving ? view.departed(found.id, found.incarnation) : view.reached(found);
}

/** Why a node is no longer in the ring. */
export function whyGone(view: ClusterView, member: Member): Parameters<ClusterEvents["nodeGone"]>[1] {
  if (view.hasLeft(member)) return "left";
  return view.unreachable.some(({ id }) => id === member.id) ? "unreachable" : "expired";
}
