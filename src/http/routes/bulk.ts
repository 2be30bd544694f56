/** The routes of jobs that make many coupons. */
import * as z from "zod";
import { onFields, onNames } from "../auth/authority.ts";
import { BulkBody } from "../../contract/bodies.ts";
import { fileAnswer } from "./files.ts";
import { kindFieldsShown } from "../../contract/kinds.ts";
import { pageOf, type Route, route, tagged } from "./route.ts";
import { name } from "../../contract/named.ts";
import { amount, count, pageQuery, timeShown } from "../../contract/values.ts";

const BulkJob = name(
  "BulkJob",
  z.object({
    id: z.int().min(1),
    state: z.enum(["running", "done", "failed", "cancelled"]),
    count: count.meta({ description: "Number of coupons to create." }),
    made: count.meta({ description: "Number of coupons created so far." }),
    pattern: z.string().meta({ description: "The pattern of their names.", examples: ["SPRING-####-????"] }).optional(),
    unguessable: z.literal(true).meta({ description: "Instead of `pattern`." }).optional(),
    amount: amount.meta({ description: "Units of each coupon." }),
    starts_at: z.nullable(timeShown),
    ends_at: z.nullable(timeShown),
    ...kindFieldsShown,
    failure: z.string().meta({
      description: "Why it failed: `pattern_exhausted` if other coupons have the remaining codes of the pattern.",
    }).optional(),
    created_at: timeShown,
    finished_at: z.nullable(timeShown).meta({ description: "Null while it runs." }),
    seconds: z.number().min(0).meta({ description: "Seconds from its creation to its end, or until now." }),
  }),
);

const path = "/api/bulk/:id";
const segments = { job_id: z.string().meta({ description: "A job's id.", examples: ["1"] }) };
/** No example: that job has ended soon. */
const runningJob = { job_id: z.string().meta({ description: "The id of a running job." }) };
const example = {
  id: 1,
  state: "running",
  count: 10_000,
  made: 0,
  pattern: "SPRING-####-????",
  amount: 1,
  starts_at: null,
  ends_at: null,
  kind: "plain",
  created_at: "2026-11-21T14:00:00.000Z",
  finished_at: null,
  seconds: 0,
};

/** The routes. */
export const bulk: readonly Route[] = tagged("Bulk codes", [
  route({
    method: "POST",
    path: "/api/coupons/bulk",
    id: "createBulk",
    summary: "Create many coupons",
    description: "Starts a job; get its `Location` to follow its progress. Send either `pattern` or `unguessable`.",
    authority: onFields("bulk.create", "pattern"),
    trouble: "view",
    isKeyed: true,
    body: {
      schema: BulkBody,
      examples: {
        "by a pattern": { count: 10_000, pattern: "SPRING-####-????" },
        unguessable: { count: 1_000, unguessable: true, kind: "charge", credit: "5.00" },
      },
    },
    answers: {
      202: {
        description: "The job has started.",
        schema: BulkJob,
        example,
        headers: { location: { description: "The job's path.", example: "/api/bulk/1" } },
      },
    },
    problems: ["overloaded"],
    handle: ({ bulk }, routed) => bulk.add(routed),
  }),
  route({
    method: "GET",
    path: "/api/bulk",
    id: "listBulk",
    summary: "List jobs",
    description: "Newest first.",
    authority: "admin",
    trouble: "view",
    query: pageQuery,
    answers: { 200: { description: "A page of jobs.", schema: pageOf("BulkPage", BulkJob) } },
    handle: ({ bulk }, routed) => bulk.list(routed),
  }),
  route({
    method: "GET",
    path,
    id: "getBulk",
    summary: "Show a job",
    authority: "admin",
    trouble: "view",
    segments,
    answers: {
      200: {
        description: "The job.",
        schema: BulkJob,
        example: { ...example, made: 4_000, seconds: 0.21 },
      },
    },
    problems: ["bulk_not_found"],
    handle: ({ bulk }, routed) => bulk.show(routed),
  }),
  route({
    method: "DELETE",
    path,
    id: "cancelBulk",
    summary: "Cancel a job",
    description: "Coupons that it has already created are kept.",
    authority: onNames("bulk.cancel"),
    trouble: "view",
    segments: runningJob,
    answers: {
      200: {
        description: "The job is cancelled.",
        schema: BulkJob,
        example: { ...example, state: "cancelled", finished_at: "2026-11-21T14:00:00.000Z" },
      },
    },
    problems: ["bulk_not_found", "bulk_finished"],
    handle: ({ bulk }, routed) => bulk.cancel(routed),
  }),
  route({
    method: "GET",
    path: path + "/codes.csv",
    id: "getBulkCodes",
    summary: "A job's coupons, as a file for deno task import:codes",
    description:
      "Available when the job has ended. Each coupon once, with the terms that are set: amount (unless it is 1), " +
      "starts_at, ends_at, kind, segment and the amounts of the kind.",
    authority: onNames("codes.export"),
    trouble: "file",
    segments,
    answers: { 200: fileAnswer("name") },
    problems: ["bulk_not_found", "bulk_running"],
    handle: ({ bulk }, routed) => bulk.codes(routed),
  }),
]);
