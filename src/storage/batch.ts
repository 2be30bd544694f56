/** What does one commit consist of, whatever kind of actor it is for? */
import { type Completion, Fenced, type Handle, type Part } from "../ports/mod.ts";
import type { Row } from "./sql.ts";

/** Something to be stored or confirmed by a lane's next commit. */
export interface Job<Event> {
  readonly handle: Handle;
  /** Undefined asks only whether the epoch still holds. */
  readonly part: Part<Event> | undefined;
  /** Monotonic milliseconds after which it is not sent any more. */
  readonly deadline: number;
  readonly completion: Completion;
}

/**
 * A statement and its parameters. Its first row answers for the parts: how many were stored, and where that is not all
 * of them, the places of those; its second, where there are confirmations, likewise for those.
 */
export interface Batch<Event> {
  /** Prepared under it: the least statement that does. */
  readonly name: string;
  readonly text: string;
  readonly params: readonly string[];
  /** Jobs in the order of their places, which count from 1: parts, and confirmations apart. */
  readonly parts: readonly Job<Event>[];
  readonly confirmations: readonly Job<Event>[];
}

/** Jobs by what they ask; parts in the order of their actors' ids: that is the order in which rows are locked. */
export function split<Event>(jobs: readonly Job<Event>[]): { parts: Job<Event>[]; confirmations: Job<Event>[] } {
  const parts = jobs.filter((job) => job.part !== undefined).sort((a, b) => a.handle.id - b.handle.id);
  const confirmations = parts.length === jobs.length ? [] : jobs.filter((job) => job.part === undefined);
  return { parts, confirmations };
}

/** The parameters of confirmations: their actors' rows, and the epochs that those must have. */
export function confirmationParams(confirmations: readonly Job<unknown>[]): string[] {
  return [
    arrayText(confirmations.map(({ handle }) => handle.id)),
    arrayText(confirmations.map(({ handle }) => handle.epoch)),
  ];
}

/** An array as PostgreSQL reads it; of elements that need no quotes. */
export function arrayText(column: readonly (number | string | boolean)[]): string {
  return `{${column.join()}}`;
}

/**
 * A select that answers for jobs: how many rows of theirs were found, and where that is not all of them, their places.
 *
 * @param sent an array with as many elements as there are such jobs: with more, those that were stored would be fenced
 */
export function told(rows: string, sent: string): string {
  const places = `(select string_agg(n::text, ',') from ${rows})`;
  return `select count(*)::integer, case when count(*) < cardinality(${sent}) then ${places} end from ${rows}`;
}

/** A commit's answer, before anyone hears of it. */
export interface Committed {
  readonly batch: Batch<unknown>;
  readonly rows: readonly Row[];
}

/** Completes each part and confirmation: done if it was stored, else fenced. Does nothing without a commit. */
export function tell(committed: Committed | undefined): void {
  if (committed === undefined) return;
  const { batch: { parts, confirmations }, rows } = committed;
  settle(parts, rows[0]!);
  if (confirmations.length > 0) settle(confirmations, rows[1]!);
}

/** @param row as {@linkcode told} selects it */
function settle(jobs: readonly Job<unknown>[], [count, places]: Row): void {
  if (count === jobs.length) {
    for (const { completion } of jobs) completion.done();
    return;
  }
  const done = new Set(String(places ?? "").split(",").map(Number));
  for (const [index, { completion }] of jobs.entries()) {
    if (done.has(index + 1)) completion.done();
    else completion.failed(new Fenced("Part not stored: its epoch or turn is no longer the row's"));
  }
}

/** For how long a stored answer is kept, in milliseconds: an actor that is activated later does not know its key. */
export const KEEP_ANSWERS_MS = 48 * 3_600_000;

/** The time up to which stored answers are forgotten, for a statement. @param now by the actors' clock */
export function answersSince(now: number): number {
  return Math.floor(now) - KEEP_ANSWERS_MS;
}

/**
 * The end of an insert of receipts. A key that is used again after its 48 hours, which actors forget by then, is bound
 * to what it stands for now: its old row would else refuse the turn, and with it each one that brings the key.
 *
 * @param actor the column that tells whose receipt it is
 */
export function boundAgain(actor: string): string {
  return `on conflict (${actor}, id) do update set at = excluded.at, content = excluded.content, answer = excluded.answer`;
}
