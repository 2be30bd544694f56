/** What does a transaction with a row lock per claim come to? `select … for update`, as most shops have it. */
import { serveClaims } from "./edge.ts";
import { openPool } from "./pool.ts";

const LOCK = "select id, name, remaining, seq from coupons where fold = $1 for update";
const CLAIM = `insert into claims (coupon_id, seq, remaining, keyed, claimed_at, claim_id, user_id)
  values ($1, $2, $3, false, $4, $5, $6)`;
const TAKE = "update coupons set remaining = $2, seq = $3 where id = $1";

const pool = openPool(16);

serveClaims(async (fold, { id: claimId, userId }) => {
  const claimedAt = Date.now();
  const client = await pool.connect();
  try {
    await client.query("begin");
    const { rows: [row] } = await client.query({ name: "lock", text: LOCK, values: [fold] });
    if (row === undefined || row.remaining === 0) {
      await client.query("rollback");
      return { kind: "refused", refusal: row === undefined ? "coupon_not_found" : "sold_out" };
    }
    const remaining = row.remaining - 1;
    const seq = row.seq + 1;
    const values = [row.id, seq, remaining, new Date(claimedAt).toISOString(), claimId, userId];
    await client.query({ name: "claim", text: CLAIM, values });
    await client.query({ name: "take", text: TAKE, values: [row.id, remaining, seq] });
    await client.query("commit");
    return {
      kind: "done",
      answer: { kind: "claimed", claimId, userId, couponName: row.name, remaining, claimedAt },
    };
  } catch (error) {
    await client.query("rollback");
    if ((error as { code?: string }).code === "23505") return { kind: "refused", refusal: "already_claimed" };
    throw error;
  } finally {
    client.release();
  }
});
