/** How does a hot coupon fare while a node joins, and thousands of actors get another owner? */
import assert from "node:assert/strict";
import { ringOf, withCluster } from "../support/cluster.ts";
import { ClusterLoad, makeLedgers, quantile } from "../support/cluster_load.ts";
import { audit, Ledger, wrongCounters } from "../support/node.ts";
import { seeded } from "../support/seeded.ts";
import { until } from "../support/until.ts";

/** Coupons that are awake, each claimed now and then: a third of them moves. */
const OTHERS = 1_500;
const HOT_CLIENTS = 16;
const OTHER_CLIENTS = 8;
/** The hot coupon's p99 is looked at in pieces of so many milliseconds. */
const PIECE_MS = 100;
/** Wanted: p99 at most three times what it was, but for a second. Told and not asserted: it depends on the machine. */
const WORSE = 3;
const WORSE_MS = 1_000;

/** How long the p99 of pieces was above a limit, in milliseconds. @param answers when each came, and after how long */
function worseMs(answers: readonly [at: number, ms: number][], limitMs: number): number {
  const pieces = Map.groupBy(answers, ([at]) => Math.floor(at / PIECE_MS));
  const worse = [...pieces.values()].filter((piece) => quantile(piece.map(([, ms]) => ms), 0.99) > limitMs);
  return worse.length * PIECE_MS;
}

/** Writes down when each answer came, and after how long. */
class TimedLedger extends Ledger {
  readonly answers: [at: number, ms: number][] = [];

  override async claim(url: string, user: string): Promise<string> {
    const since = performance.now();
    const told = await super.claim(url, user);
    this.answers.push([performance.now(), performance.now() - since]);
    return told;
  }

  /** The answers of a time. */
  between(from: number, to: number): [at: number, ms: number][] {
    return this.answers.filter(([at]) => at >= from && at < to);
  }
}

function p99(answers: readonly [at: number, ms: number][]): number {
  return quantile(answers.map(([, ms]) => ms), 0.99);
}

async function pass(ms: number): Promise<void> {
  const since = performance.now();
  await until(() => performance.now() - since > ms, { what: `${ms} ms` });
}

Deno.test("a node that joins under load fails no request, and all is exact", async () => {
  await withCluster({}, async (cluster) => {
    assert.equal(await cluster.nodes[2]!.stop(), 0);
    const two = cluster.urls.slice(0, 2);
    const inRing = async (ring: string) => {
      for (const url of two) await until(async () => await ringOf(url) === ring, { what: ring });
    };
    await inRing("n0 n1");
    const [{ coupon, amount }] = await makeLedgers(two[0]!, cluster.namesOf(0, 1, "hot")) as [Ledger];
    const hot = new TimedLedger(coupon, amount);
    const others = await makeLedgers(two[0]!, Array.from({ length: OTHERS }, (_, place) => `other-${place}`), 1_000);
    const random = seeded();
    const pick = () => two[random(2)]!;
    const loads = [
      new ClusterLoad(Array<Ledger>(HOT_CLIENTS).fill(hot), HOT_CLIENTS, pick),
      new ClusterLoad(others, OTHER_CLIENTS, pick),
    ];
    let [started, joined, over] = [NaN, NaN, NaN];
    try {
      await loads[1]!.more(2 * OTHERS); // all are awake
      await pass(3_000);
      started = performance.now();
      await cluster.restart(2);
      await inRing("n0 n1 n2");
      joined = performance.now();
      await pass(4_000);
      over = performance.now();
    } finally {
      for (const load of loads) await load.stop();
    }
    const before = p99(hot.between(started - 3_000, started));
    const [starting, after] = [hot.between(started, joined), hot.between(joined, over)];
    const worse = worseMs(after, WORSE * before);
    console.log(
      `p99 before ${before.toFixed(1)} ms, while the process starts ${
        p99(starting).toFixed(1)
      }, once it is in the ring ` +
        `${
          p99(after).toFixed(1)
        }; above ${WORSE} times that: ${worse} ms of the 4 s after (wanted: at most ${WORSE_MS}), ` +
        `${worseMs(starting, WORSE * before)} ms of the ${Math.round(joined - started)} ms before`,
    );
    for (const ledger of [hot, ...others]) {
      assert.deepEqual(Object.keys(ledger.counts), ["200"], `${ledger.coupon}: no request failed`);
      await audit(cluster.urls[2]!, ledger);
    }
    assert.equal(await wrongCounters(cluster.databaseUrl), 0);
  });
});
