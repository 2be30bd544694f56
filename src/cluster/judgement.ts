/** What does it mean for the ring how a node was found? The one table of it. */
import type { Found } from "./calls.ts";
import type { ClusterEvents } from "./events.ts";
import type { Member } from "./member.ts";
import type { ClusterView } from "./cluster_view.ts";

/**
 * The roster after a node was asked directly.
 *
 * @param missing whether the registry answered and does not list it; a registry that did not answer says nothing
 */
export function applyProbe(roster: ClusterView, member: Member, found: Found, missing: boolean): ClusterView {
  if (found === "silent") return missing ? roster.lost(member) : roster;
  if (found === "refused") return missing ? roster.lost(member) : roster.refused(member);
  // Another node listens there now: this one does not.
  if (found.id !== member.id) return roster.refused(member);
  return found.leaving ? roster.departed(found.id, found.incarnation) : roster.reached(found);
}

/** Why a node that was in the ring is not. */
export function whyGone(roster: ClusterView, member: Member): Parameters<ClusterEvents["nodeGone"]>[1] {
  if (roster.hasLeft(member)) return "left";
  return roster.unreachable.some(({ id }) => id === member.id) ? "unreachable" : "expired";
}
