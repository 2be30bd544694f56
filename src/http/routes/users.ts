/** The routes of users, segments and wallets. */
import * as z from "zod";
import { onFields, onNames } from "../auth/authority.ts";
import { MembershipBody } from "../../contract/bodies.ts";
import { Claim } from "./claims.ts";
import { expiry, segment } from "../../contract/kinds.ts";
import { type Route, route, tagged, type Untagged } from "./route.ts";
import { name } from "../../contract/named.ts";
import { code, Item } from "../../contract/sale_values.ts";
import {
  claimId,
  count,
  cursorQuery,
  message,
  nextCursor,
  timeShown,
  userId,
  userIdShown,
} from "../../contract/values.ts";

const signedMoney = z.string().meta({ pattern: "^-?\\d+\\.\\d{2}$", examples: ["25.00"] });

const MembershipStored = name(
  "MembershipStored",
  z.object({ message, id: userIdShown, segment, expired_segment: expiry, expires_at: timeShown }),
);
const SegmentCount = name(
  "SegmentCount",
  z.object({ title: segment, usersCount: count.meta({ description: "Live memberships, at least one." }) }),
);
const SegmentCounts = name("SegmentCounts", z.array(SegmentCount));
const Registered = name(
  "UsersRegistered",
  z.object({
    message,
    users: count.meta({ description: "Number of demonstration users." }),
    created: count.meta({ description: "Number of users that were not registered before." }),
  }),
);
const User = name(
  "User",
  z.object({
    id: userIdShown,
    segments: z.array(z.object({ title: segment, expires_at: timeShown })).max(1_000)
      .meta({ description: "Live memberships by title, the first 1,000." }),
    balance: signedMoney.meta({ description: "The sum of the wallet's entries." }),
  }),
);
const WalletEntry = name(
  "WalletEntry",
  z.object({
    coupon_name: z.string(),
    claim_id: claimId,
    kind: z.enum(["credit", "void"]).meta({ description: "`void` reverses the credit of a voided claim." }),
    amount: signedMoney.meta({ description: "Negative for a void." }),
    at: timeShown,
  }),
);
const WalletPage = name("WalletPage", z.object({ data: z.array(WalletEntry), next_cursor: nextCursor }));
const UserClaimPage = name("UserClaimPage", z.object({ data: z.array(Claim), next_cursor: nextCursor }));
const UserPurchase = name(
  "UserPurchase",
  z.object({
    item: Item,
    user_id: userIdShown,
    code: code.meta({ description: "The code of the purchase." }),
    purchased_at: timeShown,
  }),
);
const UserPurchasePage = name(
  "UserPurchasePage",
  z.object({ data: z.array(UserPurchase), next_cursor: nextCursor }),
);

const path = "/api/users/:user";
const segments = { user_id: userId };
/** Far ahead, so that the example's membership is live. */
const EXPIRES_S = 4_102_444_800;
const EXPIRES_AT = "2100-01-01T00:00:00.000Z";
const membership = { ID: "user_12345", segment: "gold", expiredSegment: EXPIRES_S };
const stored = {
  message: "User created successfully",
  id: "user_12345",
  segment: "gold",
  expired_segment: EXPIRES_S,
  expires_at: EXPIRES_AT,
};

function register(method: "GET" | "POST"): Untagged {
  return route({
    method,
    path: "/api/users/register",
    id: method === "GET" ? "registerUsersByGet" : "registerUsers",
    summary: "Register the demonstration users",
    description: "`user_0` to `user_100`. Repeating it has no effect. `GET` and `POST` do the same.",
    authority: onNames("users.register"),
    trouble: "view",
    ignoresOtherParameters: true,
    answers: {
      200: {
        description: "The users are registered.",
        schema: Registered,
        example: { message: "Users registered successfully", users: 101, created: 101 },
      },
    },
    handle: ({ users }, routed) => users.register(routed),
  });
}

/** A page of what one user has. */
function ofUser(
  list: "wallet" | "claims" | "purchases",
  id: string,
  what: string,
  order: string,
  schema: z.ZodType,
): Untagged {
  return route({
    method: "GET",
    path: `${path}/${list}`,
    id,
    summary: `List ${what}`,
    description: order,
    authority: "own",
    trouble: "view",
    segments,
    query: cursorQuery,
    answers: { 200: { description: "A page of entries.", schema } },
    problems: ["user_not_found"],
    handle: ({ users }, routed) => users[list](routed),
  });
}

/** The routes. */
export const users: readonly Route[] = tagged("Users and segments", [
  route({
    method: "POST",
    path: "/users",
    id: "putMembership",
    summary: "Add a user to a segment",
    description: "Replaces an existing membership of the same user and segment.",
    authority: onFields("user.put", "ID", "segment"),
    trouble: "view",
    body: { schema: MembershipBody, examples: { membership } },
    answers: {
      200: {
        description: "The user was already in the segment; the expiry was updated.",
        schema: MembershipStored,
        example: { ...stored, message: "User updated successfully" },
      },
      201: { description: "The user was added.", schema: MembershipStored, example: stored },
    },
    problems: ["overloaded"],
    ignoresOtherParameters: true,
    handle: ({ users }, routed) => users.put(routed),
  }),
  route({
    method: "GET",
    path: "/segments/count",
    id: "countSegments",
    summary: "Count the users of each segment",
    description: "Counts live memberships. Segments without any are omitted.",
    authority: "service",
    trouble: "view",
    answers: {
      200: {
        description: "All segments, oldest first.",
        schema: SegmentCounts,
        example: [{ title: "gold", usersCount: 10 }, { title: "newsletter", usersCount: 50 }],
      },
    },
    ignoresOtherParameters: true,
    handle: ({ users }, routed) => users.segments(routed),
  }),
  register("GET"),
  register("POST"),
  route({
    method: "GET",
    path,
    id: "getUser",
    summary: "Show a user",
    description:
      "A user is known if they have a membership (live or expired), a claim, a purchase or a wallet entry, or were registered.",
    authority: "own",
    trouble: "view",
    segments,
    answers: {
      200: {
        description: "The user.",
        schema: User,
        example: {
          id: "user_12345",
          segments: [{ title: "gold", expires_at: EXPIRES_AT }],
          balance: "25.00",
        },
      },
    },
    problems: ["user_not_found"],
    handle: ({ users }, routed) => users.show(routed),
  }),
  ofUser("wallet", "listWallet", "a wallet's entries", "Oldest first.", WalletPage),
  ofUser(
    "claims",
    "listUserClaims",
    "a user's claims",
    "In the order in which the coupons were created.",
    UserClaimPage,
  ),
  ofUser("purchases", "listUserPurchases", "a user's purchases", "Newest sale first.", UserPurchasePage),
]);
