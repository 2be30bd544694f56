/** How fast is the edge alone? Each claim is answered at once, nobody asked and nothing stored. */
import { serveEdge } from "./edge.ts";

let remaining = 2_000_000_000;

serveEdge({
  coupons: {
    ask(_key, command) {
      if (command.kind !== "claim") return Promise.resolve({ kind: "refused", refusal: "coupon_not_found" });
      const { id: claimId, userId } = command;
      remaining--;
      return Promise.resolve({
        kind: "done",
        answer: { kind: "claimed", claimId, userId, couponName: "C0", remaining, claimedAt: Date.now() },
      });
    },
  },
});
