/** The routes of the trail of administrators' acts, and of audits of counters. */
import * as z from "zod";
import { type Route, route, tagged } from "./route.ts";
import { onNames } from "../auth/authority.ts";
import { name } from "../../contract/named.ts";
import { count, cursorQuery, nextCursor, timeShown } from "../../contract/values.ts";

const Act = name(
  "Act",
  z.object({
    id: z.int().min(1).meta({ description: "Later acts have higher ones." }),
    caller: z.string().meta({
      description: "`admin`, `service`, `user:` and an id; `open` where this node asks no one.",
      examples: ["admin"],
    }),
    act: z.string().meta({ description: "What was asked for.", examples: ["coupon.create"] }),
    target: z.array(z.string()).meta({
      description: "The target of the act, part by part: a coupon's name; for `claim.void` the coupon's name and the " +
        "user's id; for `user.put` the user's id and the segment; a sale; a bulk job, or its pattern. Empty where the " +
        "request did not say. Acts that an older version recorded have one part, with blanks between.",
      examples: [["PROMO_SUPER", "user_12345"]],
    }),
    address: z.string().meta({ description: "Where the request came from; `unknown` where that is not known." }),
    status: z.nullable(z.int().min(100).max(599)).meta({
      description: "Of its answer; null: it may have been done, or not.",
    }),
    code: z.nullable(z.string()).meta({ description: "Of its refusal or failure; null where there was none." }),
    at: timeShown,
    request_id: z.string(),
  }),
);
const ActPage = name("ActPage", z.object({ data: z.array(Act), next_cursor: nextCursor }));

const Finding = name(
  "Finding",
  z.object({
    object: z.string().meta({ description: "What it is about.", examples: ["coupon PROMO_SUPER"] }),
    counter: z.string().meta({ description: "The column or table in question." }),
    says: z.string().meta({ description: "What it says." }),
    rows: z.string().meta({ description: "What the rows beside it say." }),
  }),
);
const AuditReport = name(
  "AuditReport",
  z.object({
    coupons: count.meta({ description: "Coupons that were audited." }),
    sales: count.meta({ description: "Sales that were audited." }),
    findings: z.array(Finding).max(1_000).meta({
      description: "Counters that their rows contradict; an audit ends early at 1,000.",
    }),
    busy: z.array(z.string()).meta({ description: "What changed too often to be audited." }),
  }),
);

/** The routes. */
export const audit: readonly Route[] = tagged("Audit trail", [
  route({
    method: "POST",
    path: "/api/audits",
    id: "runAudit",
    summary: "Compare all counters with their rows",
    description: "Beside running claims and purchases; changes nothing. The answer comes when the audit has ended, " +
      "which takes minutes for millions of rows. A node runs one such audit at a time: `overloaded`.",
    authority: onNames("audit.run"),
    trouble: "file",
    answers: {
      200: {
        description: "What was found; exact where `findings` and `busy` are empty.",
        schema: AuditReport,
        example: { coupons: 1, sales: 2, findings: [], busy: [] },
      },
    },
    handle: ({ audits }, routed) => audits.run(routed),
  }),
  route({
    method: "GET",
    path: "/api/audit",
    id: "listActs",
    summary: "List administrators' acts",
    description: "The newest first; acts that were refused too. Each is recorded before it is done.",
    authority: "admin",
    trouble: "view",
    query: cursorQuery,
    answers: {
      200: {
        description: "A page of acts.",
        schema: ActPage,
        example: {
          data: [{
            id: 1,
            caller: "admin",
            act: "coupon.create",
            target: ["PROMO_SUPER"],
            address: "127.0.0.1",
            status: 201,
            code: null,
            at: "2026-11-21T14:00:00.000Z",
            request_id: "6f1e7c3a-1",
          }],
          next_cursor: null,
        },
      },
    },
    handle: ({ trail }, routed) => trail.show(routed),
  }),
]);
