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
    count: count.meta({ description: "Coupons to be made." }),
    made: count.meta({ description: "Coupons that are there, at this very moment." }),
    pattern: z.string().meta({ description: "Of their names.", examples: ["SPRING-####-????"] }).optional(),
    unguessable: z.literal(true).meta({ description: "In place of `pattern`." }).optional(),
    amount: amount.meta({ description: "Units of each coupon." }),
    starts_at: z.nullable(timeShown),
    ends_at: z.nullable(timeShown),
    ...kindFieldsShown,
    failure: z.string().meta({
      description: "Why it failed: `pattern_exhausted` where others have the rest of the pattern's codes.",
    }).optional(),
    created_at: timeShown,
    finished_at: z.nullable(timeShown).meta({ description: "Null while it runs." }),
    seconds: z.number().min(0).meta({ description: "From its creation to its end, or until now." }),
  }),
);

const path = "/api/bulk/:id";
const segments = { job_id: z.string().meta({ description: "A job's id.", examples: ["1"] }) };
/** No example: that job has ended soon. */
const runningJob = { job_id: z.string().meta({ description: "The id of a job that still runs." }) };
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
    summary: "Make many coupons",
    description:
      "As a job: look it up by its `Location` to learn how far it is. Needed is `pattern`, or `unguessable`.",
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
        description: "The job is there, and runs.",
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
    description: "The newest first.",
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
        description: "The job as it stands.",
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
    description: "What it has made stays.",
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
    description: "Each once, when the job has ended, with the fields of their terms that are set: amount, starts_at, " +
      "ends_at, kind, segment and the amounts of the kind. An amount of 1 is left out.",
    authority: onNames("codes.export"),
    trouble: "file",
    segments,
    answers: { 200: fileAnswer("name") },
    problems: ["bulk_not_found", "bulk_running"],
    handle: ({ bulk }, routed) => bulk.codes(routed),
  }),
]);
