/** Is an audit right beside actors that write, and of what takes many pages? */
import assert from "node:assert/strict";
import type { AuditReport } from "../../../src/ports/mod.ts";
import type { Sql } from "../../../src/storage/sql.ts";
import { auditAll, type Audited, hold, openSale, withActors } from "../../support/audited.ts";
import { claim, create, terms, voidClaim } from "../../support/commands.ts";
import { checkout, purchase, release, voidPurchase } from "../../support/sale_commands.ts";
import { openTestPostgres } from "../../support/storage.ts";

const CLAIMS = 25_000;
/** Audits beside work, at least. */
const AUDITS = 5;

/** Audits again and again until the work is done, and once after it. @param work goes on while it is told so */
async function auditBeside(sql: Sql, work: (goesOn: () => boolean) => Promise<void>): Promise<AuditReport[]> {
  const reports: AuditReport[] = [];
  let done = false;
  const working = work(() => reports.length < AUDITS).finally(() => done = true);
  while (!done) reports.push(await auditAll(sql));
  await working;
  return [...reports, await auditAll(sql)];
}

/** A database on which something happens after each statement of a name. */
function movedBy(sql: Sql, statement: string, happen: () => Promise<unknown>): Sql {
  return {
    async query(text, params, name) {
      const rows = await sql.query(text, params, name);
      if (name === statement) await happen();
      return rows;
    },
  };
}

/** A coupon of more claims than a page has, made before its actor wakes. */
async function makeBigCoupon({ coupons }: Audited, sql: Sql, left: number): Promise<void> {
  await coupons.ask("big", create(terms("Big", CLAIMS + left)));
  await sql.query(`insert into claims select id, n, 0, false, now(), gen_random_uuid(), 'early' || n
    from coupons, generate_series(1, ${CLAIMS}) n`);
  await sql.query(`update coupons set epoch = epoch + 1, seq = ${CLAIMS}, remaining = remaining - ${CLAIMS}`);
}

async function buyOrNot(audited: Audited, user: number): Promise<void> {
  const { sales, key } = audited;
  const outcome = await sales.ask(key, checkout(`u${user % 150}`, 1 + user % 100));
  if (outcome.kind !== "done" || outcome.answer.kind !== "held") return;
  const code = outcome.answer.code.split(".")[1]!;
  await sales.ask(key, user % 3 === 0 ? release(code) : purchase(code));
  if (user % 7 === 0) await sales.ask(key, voidPurchase(code));
}

for (const mode of ["exclusive", "open"] as const) {
  Deno.test(`audit() beside a stampede on a coupon and a sale (${mode}) finds nothing, and waits for no one`, async () => {
    const database = await openTestPostgres();
    await withActors(database, { limit: 3, mode }, async (audited) => {
      await openSale(audited, 100);
      await audited.coupons.ask("promo", create(terms("Promo", 500)));
      const buyer = async (user: number) => {
        await audited.coupons.ask("promo", claim(`u${user}`));
        await buyOrNot(audited, user);
        if (user % 3 === 0) await audited.coupons.ask("promo", voidClaim(`u${user}`));
      };
      const waves = async (goesOn: () => boolean) => {
        for (let wave = 0; wave < 30 || goesOn(); wave++) {
          await Promise.all(Array.from({ length: 50 }, (_, place) => buyer(wave * 50 + place)));
        }
      };
      for (const report of await auditBeside(database.views, waves)) {
        assert.deepEqual(report, { coupons: 1, sales: 1, findings: [], busy: [] });
      }
      const [row] = await database.views.query("select sold from sales");
      assert((row![0] as number) > 0);
    });
  });
}

Deno.test("audit() counts a coupon of several pages to the last claim while it is claimed", async () => {
  const database = await openTestPostgres();
  await withActors(database, {}, async (audited) => {
    await makeBigCoupon(audited, database.views, 10);
    let claims = 0;
    const moving = movedBy(database.views, "audit_claims", () => audited.coupons.ask("big", claim(`late${++claims}`)));
    assert.deepEqual(await auditAll(moving), { coupons: 1, sales: 0, findings: [], busy: [] });
    assert(claims > 2, "it has several pages");
  });
});

Deno.test("audit() takes a coupon of several pages that is voided between them for busy, not for wrong", async () => {
  const database = await openTestPostgres();
  await withActors(database, {}, async (audited) => {
    await makeBigCoupon(audited, database.views, 10);
    let voids = 0;
    const voidOne = () => audited.coupons.ask("big", voidClaim(`early${++voids}`));
    const busy = await auditAll(movedBy(database.views, "audit_claims", voidOne));
    assert.deepEqual(busy, { coupons: 1, sales: 0, findings: [], busy: ["coupon Big"] });
    const still = { coupons: 1, sales: 0, findings: [], busy: [] };
    const before = voids;
    const once = async () => voids === before && await voidOne();
    assert.deepEqual(await auditAll(movedBy(database.views, "audit_claims", once)), still);
    assert.equal(voids, before + 1);
  });
});

Deno.test("audit() takes a sale of several pages that sells between them for busy, not for wrong", async () => {
  const database = await openTestPostgres();
  await withActors(database, {}, async (audited) => {
    await openSale(audited, 25_000);
    let n = 0;
    const sell = async () => {
      n++;
      await audited.sales.ask(audited.key, purchase(await hold(audited, `u${n}`, n)));
    };
    const { findings, busy } = await auditAll(movedBy(database.views, "audit_sale", sell));
    assert.deepEqual([findings, busy], [[], [`sale ${audited.key}`]]);
    assert.deepEqual((await auditAll(database.views)).busy, []);
  });
});

const MANY = { items: 25_000, attempts: 45_000, holds: 12_000 };

async function makeBigSale({ number }: Audited, sql: Sql): Promise<void> {
  await sql.query(
    `insert into attempts select ${number}, seq, 1, now(), 'ok', 'u' from generate_series(1, ${MANY.attempts}) seq`,
  );
  await sql.query(
    `insert into holds select ${number}, n, false, now(), now(), null, gen_random_uuid(), gen_random_uuid(), 'u' || n
    from generate_series(1, ${MANY.holds}) n`,
  );
  await sql.query(`update items set held_until = now() where n <= ${MANY.holds}`);
  await sql.query(
    `insert into purchases select sale_id, n, 1, 1, false, now(), code, id, user_id from holds where n > 1000`,
  );
  await sql.query("update items set sold = true where n in (select n from purchases)");
  await sql.query("update sales set epoch = epoch + 1, attempts = $1, sold = $2", [MANY.attempts, MANY.holds - 1_000]);
}

Deno.test("audit() looks through every page of a big coupon and a big sale", async () => {
  const database = await openTestPostgres();
  await withActors(database, {}, async (audited) => {
    await openSale(audited, MANY.items);
    await makeBigSale(audited, database.views);
    await makeBigCoupon(audited, database.views, 10);
    assert.deepEqual(await auditAll(database.views), { coupons: 1, sales: 1, findings: [], busy: [] });
    const wrongs: [sql: string, undo: string, found: string][] = [
      ["delete from claims where seq = 24999", "update coupons set remaining = remaining + 1", "coupon Big: remaining"],
      ["delete from attempts where seq = 44999", "update attempts set seq = 44999 where seq = 45000", `attempts`],
      ["update items set sold = true where n = 24999", "update items set sold = false where n = 24999", `item 24999`],
      [
        "update holds set expires_at = expires_at + interval '1 hour' where n = 12",
        "delete from holds where n = 12",
        `item 12`,
      ],
    ];
    for (const [sql, undo, found] of wrongs) {
      await database.views.query(sql);
      const { findings } = await auditAll(database.views);
      const named = findings.map(({ object, counter }) => `${object}: ${counter}`).join();
      assert(named.includes(found), `${sql}: ${named}`);
      await database.views.query(undo);
    }
    await database.views.query("update sales set attempts = 44999");
    assert.deepEqual((await auditAll(database.views)).findings, []);
  });
});

Deno.test("audit() ends with what it has where nearly everything is wrong", async () => {
  const database = await openTestPostgres();
  await withActors(database, {}, async (audited) => {
    await hold(await opened(audited), "u", 1);
    await database.views.query(`insert into coupons (fold, name, amount, remaining, created_at, updated_at)
      select 'c' || i, 'c' || i, 2, 1, now(), now() from generate_series(1, 1200) i`);
    const { findings, sales } = await auditAll(database.views);
    assert.deepEqual([findings.length, sales], [1_000, 1]);
  });
});

async function opened(audited: Audited): Promise<Audited> {
  await openSale(audited, 2);
  return audited;
}
