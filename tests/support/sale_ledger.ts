/** What were buyers told, and can it be true of what is stored? Each answer is written down, and all held against rows. */
import assert from "node:assert/strict";
import { codeOf } from "../../src/storage/sale_batch.ts";
import { answerOf } from "./answers.ts";
import { checkout, purchase, type TestSale } from "./buyers.ts";
import { ask, type Reply } from "./node.ts";
import { assertExact, querying } from "./sale_audit.ts";

/** Answers that may be true; any other is wrong, `data_error` too: a backstop of the schema was needed. */
const TROUBLE = "503 (?:overloaded|deadline|storage_unavailable|moved|stopping)";
const ALLOWED = {
  // A sale that is sold out is over once its hour is.
  checkout: new RegExp(`^(200|412 item_unavailable|412 sale_over|429 limit_reached|${TROUBLE})$`),
  purchase: new RegExp(`^(200|409 code_used|404 code_expired|${TROUBLE})$`),
  release: new RegExp(`^(200|404 hold_not_live|${TROUBLE})$`),
  void: new RegExp(`^(200|404 purchase_not_found|${TROUBLE})$`),
};

/** A hold that a buyer was told of. */
export interface ToldHold {
  readonly user: string;
  readonly n: number;
  readonly code: string;
  readonly expiresAt: string;
  /** What its buyer has asked of it, and what was told last. */
  readonly asked: Map<keyof typeof ALLOWED, string>;
  /** How often it was asked for each: of two that are under way either may come first. */
  readonly times: Map<keyof typeof ALLOWED, number>;
}

function add(to: Map<string, number>, key: string): void {
  to.set(key, (to.get(key) ?? 0) + 1);
}

/** What buyers were told of one sale in exclusive mode. */
export class SaleLedger {
  /** How often each answer was given: `checkout 200`, `purchase lost` … */
  readonly counts: Record<string, number> = {};
  readonly holds = new Map<string, ToldHold>();
  /** Requests by key with their answers, which a repetition must get again. */
  readonly keyed: { path: string; key: string; reply: Reply }[] = [];
  /** Told attempts: `user n outcome` -> how many; and by `user n` those of which nothing is known. */
  readonly #attempts = new Map<string, number>();
  readonly #unknown = new Map<string, number>();
  readonly #wrong: string[] = [];

  constructor(readonly sale: TestSale) {}

  /** Requests that were decided. */
  get decided(): number {
    const names = Object.keys(this.counts).filter((name) => !/ (lost|503 .*)$/.test(name));
    return names.reduce((sum, name) => sum + this.counts[name]!, 0);
  }

  /** Checks out; returns the hold where it was told of one, else the answer. */
  async checkout(url: string, user: string, n: number, key?: string): Promise<ToldHold | string> {
    const headers = key === undefined ? {} : { "idempotency-key": key };
    const itemId = this.sale.itemId(n);
    const reply = await this.#ask("checkout", `${user} on ${n}`, () => checkout(url, user, itemId, headers));
    if (typeof reply === "string" || reply.status === 503) {
      add(this.#unknown, `${user} ${n}`);
      return typeof reply === "string" ? reply : answerOf(reply);
    }
    const { status, body } = reply;
    add(this.#attempts, `${user} ${n} ${status === 200 ? "ok" : body.code}`);
    if (status !== 200) return answerOf(reply);
    const before = this.holds.get(body.code!);
    const hold = {
      user,
      n,
      code: body.code!,
      expiresAt: body["expires_at"] as string,
      asked: new Map(),
      times: new Map(),
    };
    if (before === undefined) this.holds.set(hold.code, hold);
    else if (before.user !== user || before.n !== n || before.expiresAt !== hold.expiresAt) {
      this.#wrong.push(`${JSON.stringify(before)} and ${JSON.stringify(hold)}`);
    }
    if (key !== undefined) this.keyed.push({ path: `/checkout?user_id=${user}&id=${itemId}`, key, reply });
    return before ?? hold;
  }

  /** Buys, gives back or voids; returns the answer. */
  async act(url: string, what: "purchase" | "release" | "void", hold: ToldHold, key?: string): Promise<string> {
    const headers = key === undefined ? {} : { "idempotency-key": key };
    const { code, asked, times, user, n } = hold;
    times.set(what, (times.get(what) ?? 0) + 1);
    const isBought = asked.get("purchase") === "200" && !asked.has("void");
    asked.set(what, "unknown");
    const path = `/${what === "release" ? "checkout" : "purchase"}?code=${code}`;
    const send = () => {
      return what === "purchase" ? purchase(url, code, headers) : ask(url, "DELETE", path, undefined, headers);
    };
    const reply = await this.#ask(what, `${user} with ${code} for ${n}`, send);
    const answer = typeof reply === "string" ? reply : answerOf(reply);
    asked.set(what, answer);
    const isOnly = times.get(what) === 1;
    if (isOnly && isBought && answer === "404 purchase_not_found") this.#wrong.push(`${code} was bought`);
    if (isOnly && answer === "409 code_used") this.#wrong.push(`${code} was used before it was`);
    if (what === "purchase" && key !== undefined && typeof reply !== "string" && reply.status === 200) {
      this.keyed.push({ path, key, reply });
    }
    return answer;
  }

  async #ask(what: keyof typeof ALLOWED, who: string, send: () => Promise<Reply>): Promise<Reply | "lost"> {
    const reply = await send().catch((error) => {
      if (error instanceof TypeError) return "lost" as const;
      throw error;
    });
    const answer = reply === "lost" ? reply : answerOf(reply);
    this.counts[`${what} ${answer}`] = (this.counts[`${what} ${answer}`] ?? 0) + 1;
    if (reply !== "lost" && !ALLOWED[what].test(answer)) this.#wrong.push(`${what} by ${who}: ${answer}`);
    return reply;
  }

  /** Holds what was told against the rows of a PostgreSQL; nothing may be under way. */
  async audit(databaseUrl: string): Promise<void> {
    assert.deepEqual(this.#wrong, [], "answers that cannot be true");
    await assertExact(databaseUrl);
    await querying(databaseUrl, async (query) => {
      const { number } = this.sale;
      const holds = await query(`select code, user_id, n, to_char(expires_at, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
        ended_at is not null from holds where sale_id = ${number}`);
      const purchases = await query(`select code from purchases where sale_id = ${number}`);
      const attempts = await query(`select user_id || ' ' || n || ' ' || outcome, count(*)::integer from attempts
        where sale_id = ${number} group by user_id, n, outcome`);
      this.#auditHolds(
        new Map(holds.map(([code, ...row]) => [codeOf(code as string), row])),
        new Set(purchases.map(([code]) => codeOf(code as string))),
      );
      this.#auditAttempts(new Map(attempts as unknown as [string, number][]));
    });
  }

  #auditHolds(holds: ReadonlyMap<string, unknown[]>, bought: ReadonlySet<string>): void {
    const lost: string[] = [];
    for (const { user, n, code, expiresAt, asked } of this.holds.values()) {
      const secret = code.slice(code.indexOf(".") + 1);
      const [storedUser, storedN, storedExpiry, ended] = holds.get(secret) ?? [];
      const isSame = storedUser === user && storedN === n && storedExpiry === expiresAt;
      if (!isSame) lost.push(`the hold ${code}: ${[storedUser, storedN, storedExpiry]}`);
      const said = (what: "purchase" | "release" | "void") => asked.get(what);
      if (said("purchase") === "200" && !asked.has("void") && !bought.has(secret)) lost.push(`the purchase ${code}`);
      if (said("purchase") === undefined && bought.has(secret)) lost.push(`the purchase ${code}, never asked for`);
      if (said("release") === "200" && ended !== true) lost.push(`the release ${code}`);
      if (said("void") === "200" && bought.has(secret)) lost.push(`the void ${code}`);
    }
    assert.deepEqual(lost, [], "every answer of success is stored");
  }

  #auditAttempts(stored: Map<string, number>): void {
    const unknown = new Map(this.#unknown);
    for (const [attempt, told] of this.#attempts) {
      assert((stored.get(attempt) ?? 0) >= told, `${attempt}: ${told} were told, ${stored.get(attempt)} are stored`);
    }
    for (const [attempt, count] of stored) {
      const who = attempt.split(" ").slice(0, 2).join(" ");
      const more = count - (this.#attempts.get(attempt) ?? 0);
      const left = (unknown.get(who) ?? 0) - more;
      assert(left >= 0, `${attempt}: ${count} are stored, ${more} more than were told, and answers were not lost`);
      unknown.set(who, left);
    }
  }
}
