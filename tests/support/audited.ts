/** Actors of both kinds on a real database, and audits beside them. */
import assert from "node:assert/strict";
import { ActorSystem } from "../../src/actors/actor_system.ts";
import type { AuditReport, Coupons, Sales } from "../../src/ports/mod.ts";
import { type CouponKind, couponRules } from "../../src/domain/coupon.ts";
import { type SaleKind, saleRules, type SaleSettings } from "../../src/domain/sale.ts";
import { parseCode, saleKeyOf, saleNumberAt } from "../../src/domain/sale_ids.ts";
import { audit } from "../../src/scheduler/audit.ts";
import { Pace } from "../../src/scheduler/pace.ts";
import { PostgresAuditRows } from "../../src/storage/audit.ts";
import type { Storage } from "../../src/storage/mod.ts";
import type { Database, Sql } from "../../src/storage/sql.ts";
import { claim, create, terms, voidClaim } from "./commands.ts";
import { FakeClock } from "./fake_clock.ts";
import { checkout, open, purchase, release, settingsOf, voidPurchase } from "./sale_commands.ts";
import { openTestStorage } from "./storage.ts";

const LIMITS = { mailboxMax: 100_000, awakeMax: 100, idleMs: 60_000, timeoutMs: 30_000 };
const NO_EVENTS = { activated() {}, fenced() {}, turned() {} };
const DAY_MS = 86_400_000;

/** Actors on a database, at its own time. */
export interface Audited {
  readonly storage: Storage;
  readonly coupons: Coupons;
  readonly sales: Sales;
  /** The number of the present hour's sale. */
  readonly number: number;
  readonly key: string;
}

/** Opens storage with actors on it, and closes both after the test's body. */
export async function withActors(
  database: Database,
  settings: Partial<SaleSettings>,
  body: (audited: Audited) => Promise<void>,
): Promise<void> {
  const storage = await openTestStorage(database);
  const { clock } = storage;
  const coupons = new ActorSystem<CouponKind>(couponRules, storage.coupons, clock, LIMITS, NO_EVENTS);
  const sales = new ActorSystem<SaleKind>(saleRules(settingsOf(settings)), storage.sales, clock, LIMITS, NO_EVENTS);
  const number = saleNumberAt(clock.now());
  try {
    await body({ storage, coupons, sales, number, key: saleKeyOf(number) });
  } finally {
    await Promise.all([coupons.stop(), sales.stop()]);
    await storage.close();
  }
}

/** Audits all there is, without rest. */
export function auditAll(sql: Sql): Promise<AuditReport> {
  const rows = new PostgresAuditRows(sql, { saleCloses: "sold_out", keepAttemptsMs: 30 * DAY_MS });
  return audit(new Pace(rows, new FakeClock(), 1), false);
}

/** A code, its last 22 characters, of a checkout that must be accepted. */
export async function hold({ sales, key }: Audited, userId: string, n: number): Promise<string> {
  const outcome = await sales.ask(key, checkout(userId, n));
  assert(outcome.kind === "done" && outcome.answer.kind === "held", JSON.stringify(outcome));
  return parseCode(outcome.answer.code)!.code;
}

/** Makes the present hour's sale. */
export async function openSale({ sales, key, number }: Audited, items: number): Promise<void> {
  await sales.ask(key, { ...open(items), number });
}

/**
 * Makes a row of every kind: coupon `promo`, 10 units, claimed by a, b, c and e, with d's claim voided, and `other`; `gift`, a charge of 10.00, claimed by a and c, with b's claim voided; and
 * a sale of six items at a limit of two: a bought 1 and 2, b holds 3, 4 was given back, 5 bought and voided, 6 free. Of
 * its seven attempts the last was refused.
 */
export async function fill(audited: Audited): Promise<void> {
  const { coupons, sales, key } = audited;
  await coupons.ask("promo", create(terms("Promo", 10)));
  for (const user of ["a", "b", "c", "d", "e"]) await coupons.ask("promo", claim(user));
  await coupons.ask("promo", voidClaim("d"));
  await coupons.ask("other", create(terms("Other", 3)));
  await coupons.ask("other", claim("a"));
  await coupons.ask("gift", create(terms("Gift", 5, { kind: "charge", credit: "10.00" })));
  for (const user of ["a", "b", "c"]) await coupons.ask("gift", claim(user));
  await coupons.ask("gift", voidClaim("b"));
  await openSale(audited, 6);
  for (const n of [1, 2]) await sales.ask(key, purchase(await hold(audited, "a", n)));
  await hold(audited, "b", 3);
  await sales.ask(key, release(await hold(audited, "b", 4)));
  const voided = await hold(audited, "c", 5);
  await sales.ask(key, purchase(voided));
  await sales.ask(key, voidPurchase(voided));
  await sales.ask(key, release(await hold(audited, "c", 6)));
  const refused = await sales.ask(key, checkout("d", 1));
  assert.deepEqual(refused, { kind: "refused", refusal: "item_unavailable" });
}
