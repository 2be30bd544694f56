/** Which promises does a sale keep whatever is asked of it, in any order, at any time? */
import assert from "node:assert/strict";
import fc from "fast-check";
import {
  contentOf,
  type Sale,
  type SaleCommand,
  type SaleDecision,
  type SaleEvent,
  saleRules,
  type SaleSettings,
  viewOf,
} from "../../../src/domain/sale.ts";
import { HOUR_MS } from "../../../src/domain/sale_ids.ts";
import { SaleDesk, START } from "../../support/sale_commands.ts";
import { SaleRows } from "../../support/sale_rows.ts";
import { Commander, ITEMS, settings, type Step, steps } from "../../support/sale_steps.ts";

/** A hold as a bystander sees it, who only hears what was accepted, and looks at every hold each time. */
interface Seen {
  readonly code: string;
  readonly user: string;
  readonly n: number;
  readonly expiresAt: number;
  state: "held" | "bought" | "back";
}

class Bystander {
  readonly holds: Seen[] = [];
  readonly slots = new Map<string, { user: string; slot: number }>();
  /** Whether the sale takes checkouts, but for its hours. */
  paused = false;
  lastSeq = 0;

  hear(event: SaleEvent): void {
    const find = (code: string) => this.holds.find((hold) => hold.code === code)!;
    if (event.kind === "held" || event.kind === "attempted") assert.equal(event.seq, ++this.lastSeq, "consecutive");
    if (event.kind === "held") {
      const { code, userId, n, expiresAt } = event;
      this.holds.push({ code, user: userId, n, expiresAt, state: "held" });
    } else if (event.kind === "purchased") {
      find(event.code).state = "bought";
      this.slots.set(event.code, { user: event.userId, slot: event.slot });
    } else if (event.kind === "released" || event.kind === "voided") {
      find(event.code).state = "back";
      this.slots.delete(event.code);
    } else if (event.kind === "edited") {
      this.paused = event.answer.sale.paused;
    }
  }

  live(now: number): Seen[] {
    return this.holds.filter(({ state, expiresAt }) => state === "held" && now < expiresAt);
  }

  bought(): Seen[] {
    return this.holds.filter(({ state }) => state === "bought");
  }

  /** What must be true of any sale at any time. */
  check(sale: Sale, { mode, limit }: SaleSettings, now: number): void {
    const bought = this.bought();
    assert.equal(sale.sold, bought.length);
    assert(sale.sold <= sale.items);
    assert.equal(new Set(bought.map(({ n }) => n)).size, bought.length, "no item sold twice");
    for (const user of new Set(this.holds.map((hold) => hold.user))) {
      const slots = [...this.slots.values()].filter((one) => one.user === user).map(({ slot }) => slot);
      assert(slots.length <= limit, "no user above the limit");
      assert.equal(new Set(slots).size, slots.length, "slots are distinct");
      assert(slots.every((slot) => slot >= 1 && slot <= limit), `slots: ${slots}`);
      const live = this.live(now).filter((hold) => hold.user === user);
      assert.equal(new Set(live.map(({ n }) => n)).size, live.length, "one live hold of an item");
      if (mode === "exclusive") assert(slots.length + live.length <= limit, "holds count");
    }
    const held = this.live(now).map(({ n }) => n);
    if (mode === "exclusive") {
      assert.equal(new Set(held).size, held.length, "one holder an item");
      assert(held.every((n) => bought.every((sold) => sold.n !== n)), "what is held is not sold");
    }
  }

  /** Whether nothing speaks against a command: what a user who asks in good faith must be given. */
  mustGet(command: SaleCommand, { mode, limit, closes }: SaleSettings, now: number): boolean {
    const bought = this.bought();
    const sold = (n: number) => bought.some((hold) => hold.n === n);
    const countOf = (user: string) => bought.filter((hold) => hold.user === user).length;
    if (command.kind === "purchase") {
      const hold = this.live(now).find(({ code }) => code === command.code);
      return hold !== undefined && !sold(hold.n) && countOf(hold.user) < limit;
    }
    if (command.kind !== "checkout") return command.kind === "edit";
    const { n, userId } = command;
    if (n < 1 || n > ITEMS || sold(n) || this.paused || now < START) return false;
    if (closes === "at_end" && now >= START + HOUR_MS) return false;
    const holders = this.live(now).filter((hold) => hold.n === n).map(({ user }) => user);
    if (mode === "open" || holders.includes(userId)) return true;
    const live = this.live(now).filter(({ user }) => user === userId).length;
    return holders.length === 0 && countOf(userId) + live < limit;
  }
}

/** Runs the steps; calls back with each command, to be asked of the desk. */
function run(
  settings: SaleSettings,
  steps: readonly Step[],
  each: (desk: SaleDesk, command: SaleCommand) => SaleDecision,
): SaleDesk {
  const desk = new SaleDesk(ITEMS, settings);
  desk.now = START - 15_000;
  const commander = new Commander();
  for (const step of steps) {
    if (step.do === "wait") desk.now += step.ms;
    else commander.hear(each(desk, commander.commandOf(step)));
  }
  return desk;
}

Deno.test("sold, slots, limits and attempts are right after every command, and a valid request is served", () => {
  const reached = new Map<string, number>();
  const promises = fc.property(settings, steps, (settings, steps) => {
    const bystander = new Bystander();
    const known = new Map<string, string>();
    let attempts = 0;
    run(settings, steps, (desk, command) => {
      const must = !known.has(command.id) && bystander.mustGet(command, settings, desk.now);
      const decision = desk.ask(command);
      const said = decision.kind === "refused" ? decision.refusal : decision.kind;
      reached.set(`${command.kind} ${said}`, (reached.get(`${command.kind} ${said}`) ?? 0) + 1);
      if (must) assert.equal(said, "accepted", "as long as stock is left a valid request gets it");
      if ("event" in decision) bystander.hear(decision.event);
      if (decision.kind === "accepted" && (command.keyed || "content" in decision.event)) {
        known.set(command.id, contentOf(command));
      }
      if (command.kind === "checkout" && decision.kind !== "replay") attempts++;
      assert.equal(desk.sale.attempts, attempts);
      assert.equal(bystander.lastSeq, attempts);
      bystander.check(desk.sale, settings, desk.now);
      return decision;
    });
  });
  fc.assert(promises);
  reached.clear();
  fc.assert(promises, { numRuns: 400, seed: 1 }); // what is reached is not left to chance
  // A property that never got anywhere would prove nothing.
  const all = ["checkout accepted", "checkout replay", "checkout item_not_found", "checkout idempotency_key_reused"];
  all.push("checkout sale_not_started", "checkout sale_over", "checkout paused", "checkout limit_reached");
  all.push("checkout item_unavailable", "purchase accepted", "purchase replay", "purchase code_unknown");
  all.push("purchase code_used", "purchase code_expired", "purchase sold_to_another", "purchase limit_reached");
  all.push("release accepted", "release hold_not_live", "voidPurchase accepted", "voidPurchase purchase_not_found");
  assert.deepEqual(all.filter((one) => !reached.has(one)), []);
});

Deno.test("the same id twice is a replay and changes nothing, whatever came between; with other content it is refused", () => {
  fc.assert(fc.property(settings, steps, (settings, steps) => {
    const known = new Map<string, string>();
    const accepted: SaleCommand[] = [];
    const desk = run(settings, steps, (desk, command) => {
      const content = known.get(command.id);
      const decision = desk.ask(command);
      if (content !== undefined) {
        // A name that names nothing is refused before the key is looked at.
        const said = decision.kind === "refused" ? decision.refusal : decision.kind;
        if (content === contentOf(command)) assert.equal(said, "replay");
        else assert(["idempotency_key_reused", "item_not_found", "code_unknown"].includes(said), said);
      } else if (decision.kind === "accepted" && command.keyed) {
        known.set(command.id, contentOf(command));
        accepted.push(command);
      }
      return decision;
    });
    const before = [desk.events.length, JSON.stringify(viewOf(desk.sale))];
    for (const command of accepted) {
      assert.deepEqual(desk.ask(command), { kind: "replay", id: command.id, content: contentOf(command) });
    }
    assert.deepEqual([desk.events.length, JSON.stringify(viewOf(desk.sale))], before);
  }));
});

Deno.test("a sale rebuilt from its rows decides as the evolved one does, at any time and ever after", () => {
  fc.assert(
    fc.property(settings, settings, steps, steps, fc.infiniteStream(fc.nat()), (first, then, past, next, chance) => {
      const rows = new SaleRows();
      const desk = run(first, past, (desk, command) => desk.ask(command));
      for (const event of desk.events) rows.store(event);
      const order = <Row>(them: Row[]) => {
        const ranks = new Map(them.map((one) => [one, chance.next().value]));
        return them.toSorted((a, b) => ranks.get(a)! - ranks.get(b)!);
      };
      let evolved = desk.sale;
      let rebuilt = rows.rebuild(order);
      // A restart may change the settings.
      const rules = saleRules(then);
      let now = desk.now;
      const commander = new Commander("d");
      commander.codes.push(...rows.holds.keys());
      for (const step of next) {
        if (step.do === "wait") {
          now += step.ms;
          continue;
        }
        const command = commander.commandOf(step);
        const decision = rules.decide(evolved, command, now);
        assert.deepEqual(rules.decide(rebuilt, command, now), decision);
        commander.hear(decision);
        if ("event" in decision) {
          evolved = rules.evolve(evolved, decision.event);
          rebuilt = rules.evolve(rebuilt, decision.event);
        }
        assert.deepEqual(viewOf(rebuilt), viewOf(evolved));
        assert.equal(rebuilt.attempts, evolved.attempts);
      }
    }),
    { numRuns: 300 },
  );
});

Deno.test("decide() changes nothing: what was asked between, also of a later time, is not known afterwards", () => {
  fc.assert(fc.property(settings, steps, steps, (settings, steps, between) => {
    const twin = new SaleDesk(ITEMS, settings);
    const prober = new Commander("p");
    const probes = between.filter((step) => step.do !== "wait");
    let count = 0;
    run(settings, steps, (desk, command) => {
      for (const probe of probes.slice(count, count += 3)) {
        desk.rules.decide(desk.sale, prober.commandOf(probe), desk.now + 40_000);
      }
      twin.now = desk.now;
      const decision = twin.ask(command);
      assert.deepEqual(desk.ask(command), decision);
      prober.hear(decision);
      return decision;
    });
  }));
});
