/** What does check-and-decrement in Redis come to? A Lua script on an auto-pipelined client; nothing is durable. */
import { createClient } from "@redis/client";
import { serveClaims } from "./edge.ts";

const CLAIM = `local left = tonumber(redis.call('get', KEYS[1]))
if not left then return -3 end
if redis.call('sismember', KEYS[2], ARGV[1]) == 1 then return -2 end
if left <= 0 then return -1 end
redis.call('sadd', KEYS[2], ARGV[1])
return redis.call('decr', KEYS[1])`;

const REFUSALS = { [-1]: "sold_out", [-2]: "already_claimed", [-3]: "coupon_not_found" } as const;

const client = createClient({ url: Deno.args[1]! });
client.on("error", (error) => console.error(error));
await client.connect();
const script = await client.scriptLoad(CLAIM);

serveClaims(async (fold, { id: claimId, userId }) => {
  const options = { keys: [`left:${fold}`, `holders:${fold}`], arguments: [userId] };
  const remaining = await client.evalSha(script, options) as number;
  if (remaining < 0) return { kind: "refused", refusal: REFUSALS[remaining as -1 | -2 | -3] };
  const answer = { kind: "claimed", claimId, userId, couponName: fold, remaining, claimedAt: Date.now() } as const;
  return { kind: "done", answer };
});
