/** A node is stopped for longer than its expiry, others own its coupons, and it goes on: does it ever sell a stale unit? */
import assert from "node:assert/strict";
import { metricOf, ringOf, type TestCluster, withCluster } from "../support/cluster.ts";
import { makeLedgers } from "../support/cluster_load.ts";
import { audit, Ledger, wrongCounters } from "../support/node.ts";
import { seeded } from "../support/seeded.ts";
import { until } from "../support/until.ts";

/** Each freeze is a try on each of its coupons. */
const FREEZES = Number(Deno.env.get("CLUSTER_FREEZES") ?? 10);
const COUPONS = 10;
const AMOUNT = 12;
const RING = "n0 n1 n2";

/** Claims of so many new users at once. */
function claims(ledger: Ledger, url: string, side: string, count: number): Promise<string>[] {
  return Array.from({ length: count }, (_, place) => ledger.claim(url, `${side}-${place}`));
}

/** Freezes a node that owns new coupons; others sell the rest; it goes on. Returns whether it was seen to be fenced. */
async function freeze(cluster: TestCluster, round: number, random: (below: number) => number): Promise<number> {
  const place = round % cluster.ids.length;
  const frozen = cluster.nodes[place]!;
  const others = cluster.urls.filter((_, at) => at !== place);
  const names = cluster.namesOf(place, COUPONS, `freeze-${round}`);
  const ledgers = await makeLedgers(others[0]!, names, AMOUNT);
  const fencedBefore = await metricOf(frozen.url, "doorbuster_fenced_writes_total");

  // It has them awake, and takes claims while it is stopped at some moment.
  for (const ledger of ledgers) assert.equal(await ledger.claim(frozen.url, "first"), "200");
  const early = ledgers.flatMap((ledger) => claims(ledger, frozen.url, "early", 2));
  let decided = 0;
  for (const each of early) each.then(() => decided++);
  const some = random(early.length);
  await until(() => decided >= some, { what: "a moment", everyMs: 1 });
  frozen.signal("SIGSTOP");
  try {
    // What waits in its sockets it decides once it goes on, if it still may.
    const late = ledgers.flatMap((ledger) => claims(ledger, frozen.url, "late", 3));
    await until(async () => {
      const answers = await Promise.all(ledgers.map((ledger) => ledger.claim(others[1]!, "taker")));
      return answers.every((answer) => /^(200|409|400)/.test(answer));
    }, { what: "another owner for all", everyMs: 20 });
    const sold = await Promise.all(
      ledgers.flatMap((ledger) => others.flatMap((url, at) => claims(ledger, url, `other${at}`, AMOUNT))),
    );
    assert(sold.every((answer) => /^(200|400 sold_out)$/.test(answer)), [...new Set(sold)].join(", "));
    for (const ledger of ledgers) assert.equal(await audit(others[0]!, ledger), AMOUNT, "all is sold");

    frozen.signal("SIGCONT");
    const stale = ledgers.flatMap((ledger) => claims(ledger, frozen.url, "stale", 3));
    assert.deepEqual((await Promise.all(stale)).filter((answer) => answer === "200"), [], "nothing is left to sell");
    assert.deepEqual((await Promise.all(late)).filter((answer) => answer === "200"), [], "nothing was left to sell");
    await Promise.all(early);
  } finally {
    frozen.signal("SIGCONT");
  }
  for (const ledger of ledgers) assert.equal(await audit(frozen.url, ledger), AMOUNT);
  const areBack = async () => (await Promise.all(cluster.urls.map(ringOf))).every((ring) => ring === RING);
  await until(areBack, { what: "all in the ring again" });
  return await metricOf(frozen.url, "doorbuster_fenced_writes_total") - fencedBefore;
}

Deno.test("claim() gives no stale success when its owner is stopped for longer than its expiry, and goes on", async () => {
  const random = seeded();
  const env = { HEARTBEAT: "100ms", NODE_EXPIRY: "300ms" };
  await withCluster({ env }, async (cluster) => {
    const fenced: number[] = [];
    const since = performance.now();
    for (let round = 0; round < FREEZES; round++) fenced.push(await freeze(cluster, round, random));
    const seconds = Math.round((performance.now() - since) / 1_000);
    console.log(
      `${FREEZES} freezes of ${COUPONS} coupons each in ${seconds} s; the owner's writes fenced: ${fenced.join(" ")}`,
    );
    assert.equal(await wrongCounters(cluster.databaseUrl), 0);
    const seen = fenced.filter((writes) => writes > 0).length;
    assert(seen >= FREEZES / 2, "as a rule the old owner tries to write, is fenced, and that is counted");
  });
});
