/** The routes of the trail of administrators' acts, and of audits of counters. */
import * as z from "zod";
import { type Route, route, tagged } from "./route.ts";
import { onNames } from "../auth/authority.ts";
import { name } from "../../contract/named.ts";
import { count, cursorQuery, nextCursor, timeShown } from "../../contract/values.ts";

const Act = name(
  "Act",
  z.object({
    id: z.int().min(1).meta({ description: "Increases with each act." }),
    caller: z.string().meta({
      description: "`admin`, `service`, `user:` and an id, or `open` if this node asks for no token.",
      examples: ["admin"],
    }),
    act: z.string().meta({ description: "The kind of act.", examples: ["coupon.create"] }),
    target: z.array(z.string()).meta({
      description:
        "What it was done to, in parts: a coupon's name; for `claim.void` the coupon's name and the user's id; for " +
        "`user.put` the user's id and the segment; a sale; a bulk job or its pattern. Empty if the request did not say. " +
        "Acts recorded by older versions have a single part, separated by blanks.",
      examples: [["PROMO_SUPER", "user_12345"]],
    }),
    address: z.string().meta({ description: "The address that the request came from, or `unknown`." }),
    status: z.nullable(z.int().min(100).max(599)).meta({
      description: "The status of the response; null if the outcome is not known.",
    }),
    code: z.nullable(z.string()).meta({ description: "The problem code; null if there was none." }),
    at: timeShown,
    request_id: z.string(),
  }),
);
const ActPage = name("ActPage", z.object({ data: z.array(Act), next_cursor: nextCursor }));

const Finding = name(
  "Finding",
  z.object({
    object: z.string().meta({ description: "The object that is wrong.", examples: ["coupon PROMO_SUPER"] }),
    counter: z.string().meta({ description: "The column or table in question." }),
    says: z.string().meta({ description: "The value of the counter." }),
    rows: z.string().meta({ description: "What the rows say." }),
  }),
);
const AuditReport = name(
  "AuditReport",
  z.object({
    coupons: count.meta({ description: "Coupons that were audited." }),
    sales: count.meta({ description: "Sales that were audited." }),
    findings: z.array(Finding).max(1_000).meta({
      description: "Counters that their rows contradict. An audit stops at 1,000 findings.",
    }),
    busy: z.array(z.string()).meta({ description: "Objects that changed too often to be audited." }),
  }),
);

/** The routes. */
export const audit: readonly Route[] = tagged("Audit trail", [
  route({
    method: "POST",
    path: "/api/audits",
    id: "runAudit",
    summary: "Compare all counters with their rows",
    description:
      "Runs beside claims and purchases and changes nothing. Responds when the audit has finished, which takes " +
      "minutes for millions of rows. A node runs one such audit at a time; a second request gets `overloaded`.",
    authority: onNames("audit.run"),
    trouble: "file",
    answers: {
      200: {
        description: "The report. All counters are exact if `findings` and `busy` are empty.",
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
    summary: "List administrative acts",
    description: "Newest first, including refused acts. Each act is recorded before it is done.",
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
