/** What does one SQL statement per claim come to? Prepared, pooled, on the same tables; Postgres alone decides. */
import { serveClaims } from "./edge.ts";
import { openPool } from "./pool.ts";

const CLAIM = `with u as (
  update coupons set remaining = remaining - 1, seq = seq + 1 where fold = $1 and remaining > 0
  returning id, name, seq, remaining
), i as (
  insert into claims (coupon_id, seq, remaining, keyed, claimed_at, claim_id, user_id)
  select id, seq, remaining, false, $4::timestamptz, $3::uuid, $2 from u
)
select name, remaining from u`;

const pool = openPool(16);

serveClaims(async (fold, { id: claimId, userId }) => {
  const claimedAt = Date.now();
  const values = [fold, userId, claimId, new Date(claimedAt).toISOString()];
  try {
    const { rows: [row] } = await pool.query({ name: "claim", text: CLAIM, values, rowMode: "array" });
    if (row === undefined) return { kind: "refused", refusal: "sold_out" };
    const answer = { kind: "claimed", claimId, userId, couponName: row[0], remaining: row[1], claimedAt } as const;
    return { kind: "done", answer };
  } catch (error) {
    if ((error as { code?: string }).code === "23505") return { kind: "refused", refusal: "already_claimed" };
    throw error;
  }
});
