/** What is said of an operation? The form that each resource's description has. */
import * as z from "zod";
import { name } from "../../contract/named.ts";
import type { ProblemCode } from "../answers/problem.ts";

/**
 * Who may ask: anyone at all, any caller, the user whom the path names (or who acts for any), a service or an admin, an
 * admin alone. A test holds it equal to what the routes ask.
 */
export type Authority = "public" | "caller" | "own" | "service" | "admin";

/** What may fail behind the edge, where the operation asks an actor, reads a view, sends a file, or needs none. */
export type Trouble = "command" | "view" | "file" | "none";

/** Headings of the document. */
export type Tag =
  | "Coupons"
  | "Claims"
  | "Checkout and purchase"
  | "Flash sales"
  | "Users and segments"
  | "Bulk codes"
  | "Files"
  | "Audit trail"
  | "Node"
  | "Documentation";

/** A header of an answer or a request, beside those that all have. */
export interface HeaderNote {
  readonly description: string;
  readonly example?: string;
  /** Of an answer: whether it may be missing. */
  readonly isOptional?: true;
}

/** An answer of success. */
export interface AnswerNote {
  readonly description: string;
  /** Of its body; none where there is no body. Named by {@linkcode named} where it is JSON. */
  readonly schema?: z.ZodType;
  /** The body's media type; default `application/json`. */
  readonly type?: string;
  readonly example?: unknown;
  readonly headers?: Readonly<Record<string, HeaderNote>>;
}

/** What a request may have in its body. */
export interface BodyNote {
  /** Named by {@linkcode named}. */
  readonly schema: z.ZodType;
  /** By titles. */
  readonly examples: Readonly<Record<string, unknown>>;
  /** Whether there may be no body at all. */
  readonly isOptional?: true;
}

/** One method of one path. */
export interface Operation {
  readonly method: "get" | "post" | "put" | "patch" | "delete";
  /** With its variable segments in braces. */
  readonly path: string;
  /** Unlike any other's; a name for generated clients. */
  readonly id: string;
  readonly tag: Tag;
  readonly summary: string;
  readonly description?: string;
  readonly authority: Authority;
  readonly trouble: Trouble;
  /** The path's variable segments, by their names. */
  readonly segments?: Readonly<Record<string, z.ZodType>>;
  /** The query's parameters. */
  readonly query?: Readonly<Record<string, z.ZodType>>;
  readonly requestHeaders?: Readonly<Record<string, HeaderNote>>;
  /** Whether an `Idempotency-Key` makes it safe to ask again. */
  readonly isKeyed?: true;
  /** Whether a user may ask so often and no more, where the node is set so. */
  readonly isLimited?: true;
  readonly body?: BodyNote;
  /** By status. */
  readonly answers: Readonly<Record<number, AnswerNote>>;
  /** Refusals of its own, in the order in which they are tested; those of the edge are added. */
  readonly problems: readonly ProblemCode[];
}

/** The answer of a numbered page of something. */
export function pageOf<T extends z.ZodType>(id: string, entry: T): z.ZodType {
  return name(id, z.object({ data: z.array(entry), meta: PageMeta }));
}

const whole = z.int().min(0).max(2_147_483_647);

/** Which page it is. */
const PageMeta = name(
  "PageMeta",
  z.object({
    page: whole.meta({ description: "Which page, counted from 1." }),
    per_page: whole.meta({ description: "Entries of a page." }),
    page_count: whole.meta({ description: "Pages in all." }),
    total: whole.meta({ description: "Entries in all." }),
  }),
);
