/** The handlers of jobs that make many coupons. */
import type * as z from "zod";
import { type BulkJob, type BulkJobs, Fault } from "../../ports/mod.ts";
import { PLAIN } from "../../domain/coupon_terms.ts";
import { answer, type Answered, refusal } from "../answers/answer.ts";
import type { BulkBody } from "../../contract/bodies.ts";
import { type PageQuery, showTime } from "../../contract/values.ts";
import { bulkOf } from "../../contract/bulk_checks.ts";
import { commandId } from "../requests/command_id.ts";
import { type CodeCells, codeCells, type CodeColumn, codeColumns } from "../../csv/code_cells.ts";
import type { CsvStreams } from "../answers/csv_streams.ts";
import { showPage } from "../requests/pages.ts";
import type { RoutedRequest } from "../requests/routed_request.ts";
import { showCoupon } from "../answers/shown.ts";

/** The scope of idempotency keys of jobs; no coupon can have this name. */
const KEYS = "/bulk";
/** Codes that are read per page. */
const CODES_PAGE = 5_000;
const ID = /^[1-9]\d{0,9}$/;
const ID_MAX = 2_147_483_647;
/** Fields of a coupon that are not terms. */
const NOT_TERMS = ["name", "remaining_amount", "paused", "created_at", "updated_at"];

/** Each handler throws InvalidRequest, BadRequest or Fault. */
export class BulkHandlers {
  constructor(readonly jobs: BulkJobs, readonly files: CsvStreams) {}

  async add({ request, id, caller, body }: RoutedRequest<unknown, z.output<typeof BulkBody>>): Promise<Answered> {
    const wanted = bulkOf(body);
    const job = await this.jobs.add({ id: commandId(request.headers, caller, KEYS).id, ...wanted });
    if (job === "reused") return refusal("idempotency_key_reused", id);
    const answered = answer(202, id, JSON.stringify(showJob(job)));
    answered.response.headers.set("location", `/api/bulk/${job.id}`);
    return answered;
  }

  async list({ query, id }: RoutedRequest<PageQuery>): Promise<Answered> {
    const { page, per_page } = query;
    const found = await this.jobs.jobs((page - 1) * per_page, per_page);
    return answer(200, id, JSON.stringify(showPage(found, query, showJob)));
  }

  async show({ id, names }: RoutedRequest): Promise<Answered> {
    const job = await this.#jobOf(names[0]!);
    return job === undefined ? refusal("bulk_not_found", id) : answer(200, id, JSON.stringify(showJob(job)));
  }

  async cancel({ id, names }: RoutedRequest): Promise<Answered> {
    const number = numberOf(names[0]!);
    const job = number === undefined ? undefined : await this.jobs.cancel(number);
    if (job === undefined) return refusal("bulk_not_found", id);
    return job.state === "cancelled"
      ? answer(200, id, JSON.stringify(showJob(job)))
      : refusal("bulk_finished", id, `The job is ${job.state}`);
  }

  async codes({ request, id, names }: RoutedRequest): Promise<Answered> {
    const job = await this.#jobOf(names[0]!);
    if (job === undefined) return refusal("bulk_not_found", id);
    if (job.state === "running") return refusal("bulk_running", id, `${job.made} of ${job.count} are made`);
    const name = `bulk-${job.id}${job.state === "done" ? "" : "-incomplete"}`;
    const columns = codeColumns(await this.jobs.areEdited(job.id) ? undefined : job.terms);
    return await this.files.open({ name, columns, pages: this.#pages(job.id, columns) }, request, id);
  }

  /** The coupons with their exact names, so that the file can be imported elsewhere. */
  async *#pages(id: number, columns: readonly CodeColumn[]): AsyncGenerator<CodeCells[], void> {
    for (let from: number | undefined = 0; from !== undefined;) {
      const page = await this.jobs.codes(id, from, CODES_PAGE);
      for (const coupon of page.coupons) {
        if (codeColumns(coupon).every((column) => columns.includes(column))) continue;
        throw new Fault("moved", "Cannot go on with the file: a coupon got terms for which it has no column");
      }
      yield page.coupons.map((coupon) => codeCells(coupon, columns));
      from = page.next;
    }
  }

  async #jobOf(name: string): Promise<BulkJob | undefined> {
    const number = numberOf(name);
    return number === undefined ? undefined : await this.jobs.job(number);
  }
}

function numberOf(name: string): number | undefined {
  const number = ID.test(name) ? Number(name) : Infinity;
  return number <= ID_MAX ? number : undefined;
}

/** A job with the terms of its coupons. */
function showJob(
  { id, state, count, made, pattern, terms, failure, createdAt, finishedAt, seconds }: BulkJob,
): unknown {
  const unmade = { name: "", remaining: 0, paused: false, createdAt: 0, updatedAt: 0 };
  const shown = Object.entries(showCoupon({ ...PLAIN, ...terms, ...unmade })).filter(([field]) =>
    !NOT_TERMS.includes(field)
  );
  return {
    id,
    state,
    count,
    made,
    ...pattern === null ? { unguessable: true } : { pattern },
    ...Object.fromEntries(shown),
    ...failure !== null && { failure },
    created_at: showTime(createdAt),
    finished_at: finishedAt === null ? null : showTime(finishedAt),
    seconds: Math.round(seconds * 1_000) / 1_000,
  };
}
