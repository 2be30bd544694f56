/** Users, segments and files in memory. */
import type { ClaimView, Clock, ExportViews, ListPart, Memberships, Place } from "../../src/ports/mod.ts";
import type { PurchaseView, UserViews, WalletEntryView } from "../../src/ports/mod.ts";
import { normalizeTitle } from "../../src/domain/name_key.ts";
import { type Membership, membershipKey } from "../../src/domain/membership.ts";

/** What is known of users; tests put in what actors would have stored. */
export class MemoryUsers implements Memberships, UserViews {
  readonly #memberships = new Map<string, Membership>();
  /** By key: how a segment is shown, as it was first written. */
  readonly #titles = new Map<string, string>();
  readonly #registered = new Set<string>();
  claimed: ClaimView[] = [];
  purchased: PurchaseView[] = [];
  entries: WalletEntryView[] = [];

  constructor(readonly clock: Pick<Clock, "now">) {}

  put(membership: Membership): Promise<boolean> {
    const isNew = !this.#memberships.has(membershipKey(membership));
    const key = normalizeTitle(membership.segment)!;
    const title = this.#titles.get(key) ?? membership.segment;
    this.#titles.set(key, title);
    this.#memberships.set(membershipKey(membership), { ...membership, segment: title });
    return Promise.resolve(isNew);
  }

  async putAll(memberships: readonly Membership[]): Promise<number> {
    const all = await Promise.all(memberships.map((membership) => this.put(membership)));
    return all.filter((isNew) => isNew).length;
  }

  register(userIds: readonly string[]): Promise<number> {
    const before = this.#registered.size;
    for (const id of userIds) this.#registered.add(id);
    return Promise.resolve(this.#registered.size - before);
  }

  /** Nothing is kept that could be swept. */
  sweep(): Promise<boolean> {
    return Promise.resolve(false);
  }

  segments(): ReturnType<UserViews["segments"]> {
    const counts = new Map<string, number>();
    for (const { segment } of this.#live()) counts.set(segment, (counts.get(segment) ?? 0) + 1);
    return Promise.resolve([...counts].map(([title, users]) => ({ title, users })));
  }

  user(userId: string, segmentsMax: number): ReturnType<UserViews["user"]> {
    if (!this.#isKnown(userId)) return Promise.resolve(undefined);
    const mine = this.#live().filter((one) => one.userId === userId).sort((a, b) =>
      membershipKey(a) < membershipKey(b) ? -1 : 1
    );
    const segments = mine.slice(0, segmentsMax).map((one) => ({ title: one.segment, expiresAt: one.expiresAt * 1e3 }));
    const sum = this.entries.filter((one) => one.userId === userId).reduce((sum, one) => sum + Number(one.amount), 0);
    return Promise.resolve({ id: userId, segments, balance: sum.toFixed(2) });
  }

  wallet(userId: string, after: number, limit: number): ReturnType<UserViews["wallet"]> {
    return this.#page(this.entries, userId, after, limit);
  }

  claims(userId: string, after: number, limit: number): ReturnType<UserViews["claims"]> {
    return this.#page(this.claimed, userId, after, limit);
  }

  purchases(userId: string, after: number, limit: number): ReturnType<UserViews["purchases"]> {
    return this.#page(this.purchased, userId, after, limit);
  }

  /** Everything, as files have it. */
  exports(): ExportViews {
    const part = <View>(views: View[], after: Place | undefined, limit: number): Promise<ListPart<View, Place>> => {
      const { data, next } = partOf(views, Number(after?.[0] ?? 0), limit);
      return Promise.resolve({ data, next: next === undefined ? undefined : [next] });
    };
    return {
      claims: (after, limit) => part(this.claimed, after, limit),
      purchases: (after, limit) => part(this.purchased, after, limit),
      purchasesOf: (number, after, limit) => part(this.purchased.filter((one) => one.number === number), after, limit),
      wallets: (after, limit) => part(this.entries, after, limit),
    };
  }

  #live(): Membership[] {
    return [...this.#memberships.values()].filter(({ expiresAt }) => this.clock.now() < expiresAt * 1_000);
  }

  #isKnown(userId: string): boolean {
    const rows = [...this.#memberships.values(), ...this.claimed, ...this.purchased, ...this.entries];
    return this.#registered.has(userId) || rows.some((row) => row.userId === userId);
  }

  #page<View extends { readonly userId: string }>(
    views: readonly View[],
    userId: string,
    after: number,
    limit: number,
  ): Promise<ListPart<View, number> | undefined> {
    if (!this.#isKnown(userId)) return Promise.resolve(undefined);
    return Promise.resolve(partOf(views.filter((view) => view.userId === userId), after, limit));
  }
}

function partOf<View>(views: readonly View[], after: number, limit: number): ListPart<View, number> {
  const data = views.slice(after, after + limit);
  return { data, next: views.length > after + limit ? after + limit : undefined };
}
