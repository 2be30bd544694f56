/** What is known of users and segments, and what can be told of everything at once? */
import type { Membership } from "../domain/membership.ts";
import type { ClaimView, ListPart } from "./views.ts";

/** Where memberships and registered users are stored. Every method throws a Fault where nothing may have been stored. */
export interface Memberships {
  /**
   * Stores a membership, in place of one of the same user and segment.
   *
   * @returns once it is durable: whether there was none before
   * @throws Fault `overloaded` where too many wait; nothing was stored
   */
  put(membership: Membership): Promise<boolean>;
  /**
   * Stores memberships at once; of several of one user and segment the last.
   *
   * @returns how many there were none of before
   */
  putAll(memberships: readonly Membership[]): Promise<number>;
  /** Registers users that may have nothing; returns how many were not registered before. */
  register(userIds: readonly string[]): Promise<number>;
}

/** A segment with its live memberships. */
export interface SegmentCount {
  readonly title: string;
  /** At least one. */
  readonly users: number;
}

/** A user. */
export interface UserView {
  readonly id: string;
  /** Live memberships by title, the first ones. */
  readonly segments: readonly {
    readonly title: string;
    /** Milliseconds since the epoch. */
    readonly expiresAt: number;
  }[];
  /** The sum of the wallet's entries: a decimal with two places. */
  readonly balance: string;
}

/** An entry of a wallet. */
export interface WalletEntryView {
  readonly userId: string;
  readonly couponName: string;
  /** The claim that made the entry, or whose void did. */
  readonly claimId: string;
  readonly isVoid: boolean;
  /** A decimal with two places; below zero for a void. */
  readonly amount: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** An item that was bought. */
export interface PurchaseView {
  readonly userId: string;
  /** The number of its sale. */
  readonly number: number;
  /** Its number in its sale. */
  readonly n: number;
  /** The 22 characters of the code it was bought with. */
  readonly code: string;
  /** Milliseconds since the epoch. */
  readonly purchasedAt: number;
}

/**
 * The views of users. Lists begin at place 0 and go on after the place that the part before named; they are undefined
 * where nothing at all is known of the user. Every method throws a `storage_unavailable` Fault where Postgres cannot be
 * read.
 */
export interface UserViews {
  /** Every segment with live memberships, the oldest segment first. */
  segments(): Promise<readonly SegmentCount[]>;
  /** A user with at most so many segments; undefined where nothing at all is known of them. */
  user(userId: string, segmentsMax: number): Promise<UserView | undefined>;
  /** A user's wallet, the oldest entry first. */
  wallet(userId: string, after: number, limit: number): Promise<ListPart<WalletEntryView, number> | undefined>;
  /** A user's claims, in the order in which their coupons were made. */
  claims(userId: string, after: number, limit: number): Promise<ListPart<ClaimView, number> | undefined>;
  /** A user's purchases, the newest sale first. */
  purchases(userId: string, after: number, limit: number): Promise<ListPart<PurchaseView, number> | undefined>;
}

/** Where a walk over all rows goes on; only storage reads it. */
export type Place = readonly (string | number | boolean)[];

/** Everything, part by part, each a short statement of its own: what is stored meanwhile may be told or not. */
export interface ExportViews {
  /** All claims: by coupon, and in order of claiming. */
  claims(after: Place | undefined, limit: number): Promise<ListPart<ClaimView, Place>>;
  /** All purchases: by sale and item. */
  purchases(after: Place | undefined, limit: number): Promise<ListPart<PurchaseView, Place>>;
  /** A sale's purchases, by item. */
  purchasesOf(number: number, after: Place | undefined, limit: number): Promise<ListPart<PurchaseView, Place>>;
  /** All entries of all wallets, by coupon. */
  wallets(after: Place | undefined, limit: number): Promise<ListPart<WalletEntryView, Place>>;
}
