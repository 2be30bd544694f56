/**
 * Where do nodes find each other? In a registry, to which each writes itself at every heartbeat, with an expiry. It is
 * used only to find nodes, never for safety, and its own expiry decides which are late. An entry that was recorded and
 * written back later is recognized by the time that its signature covers, which is PostgreSQL's.
 */
import type { Clock } from "../ports/mod.ts";
import type { ClusterEvents } from "./events.ts";
import { Redis } from "@upstash/redis";
import { type Member, memberOf } from "./member.ts";
import { parsedJson } from "./received.ts";
import type { MemberSignature } from "./member_signature.ts";

/** A list of nodes that expire. Every method throws if the registry does not answer in time. */
export interface Registry {
  /** Writes a node, which expires unless it is written again. */
  write(member: Member): Promise<void>;
  /** The nodes of this cluster that have not expired. */
  list(): Promise<Member[]>;
  /** Removes a node, unless another incarnation has written itself. */
  remove(member: Member): Promise<void>;
}

export interface RedisRegistryOptions {
  /** Of Upstash, or of serverless-redis-http in front of a Redis. */
  readonly url: string;
  readonly token: string;
  /** Expiry of an entry, in milliseconds. */
  readonly expiryMs: number;
  /** Time limit of a request, in milliseconds. */
  readonly timeoutMs: number;
  readonly signature: MemberSignature;
  /** Its shared time is PostgreSQL's. */
  readonly clock: Pick<Clock, "shared">;
  readonly events: Pick<ClusterEvents, "strange" | "registryCrowded">;
  /** Of every key, so that clusters can share a Redis. */
  readonly prefix?: string;
}

/** Maximum difference between the clocks of two nodes, in milliseconds: both follow PostgreSQL's. */
const MARGIN_MS = 1_000;
/** Maximum validity of an entry, in milliseconds; a later time was signed when the clock was wrong. */
const HOLDS_MAX_MS = 600_000;

/**
 * Maximum of entries without a valid signature that are reported: else whoever can write to the registry could fill
 * the log.
 */
export const STRANGERS_MAX = 100;

/** Maximum of entries that are fetched at once; of more ids, a random part. */
export const ENTRIES_MAX = 1_000;
/** Longest entry that is fetched, in bytes; ten times as long as a node's own. */
export const ENTRY_MAX = 4_096;
/** Longest id that is fetched, in bytes. */
const ID_MAX = 64;

/**
 * Counts and measures before it fetches, because whoever can write to the registry can write anything: what Redis sends
 * is bounded. Skips keys that hold no text.
 *
 * Keys: the set of ids. Arguments: the maximum of ids, of an id's bytes, of an entry's bytes. Returns the number of
 * ids, the number of entries that are too long, the ids without an entry, and the entries.
 */
const LIST = `
local count = redis.call('scard', KEYS[1])
local ids = count <= tonumber(ARGV[1]) and redis.call('smembers', KEYS[1])
  or redis.call('srandmember', KEYS[1], ARGV[1])
local long, expired, entries = 0, {}, {}
for _, id in ipairs(ids) do
  local key = KEYS[1] .. ':' .. id
  local size = #id <= tonumber(ARGV[2]) and redis.pcall('strlen', key) or -1
  if type(size) == 'number' and size > tonumber(ARGV[3]) then
    long = long + 1
  elseif type(size) == 'number' and size > 0 then
    entries[#entries + 1] = redis.call('get', key)
  elseif size == 0 then
    expired[#expired + 1] = id
  end
end
return {count, long, expired, entries}`;

/** What {@linkcode LIST} returns. */
type Listed = [ids: number, tooLong: number, expired: string[], entries: string[]];

/** Keys: an entry's. Arguments: the beginning of the entry of the incarnation that is to be removed. */
const REMOVE = `local entry = redis.call('get', KEYS[1])
if entry and string.sub(entry, 1, #ARGV[1]) == ARGV[1] then redis.call('del', KEYS[1]) end`;

/**
 * The registry in a Redis: a key with an expiry for each node, and a set of their ids, because keys cannot be listed
 * cheaply. A node that lists removes ids whose keys have expired; a running node adds its own again.
 */
export class RedisRegistry implements Registry {
  readonly #options: RedisRegistryOptions;
  readonly #redis: Redis;
  readonly #nodes: string;
  readonly #strangers = new Set<string>();
  #isCrowded = false;

  constructor(options: RedisRegistryOptions) {
    this.#options = options;
    const { url, token, timeoutMs, prefix = "doorbuster" } = options;
    this.#redis = new Redis({
      url,
      token,
      // No retry, the next heartbeat is one; `retry: false` still sends twice.
      retry: { retries: 0 },
      signal: () => AbortSignal.timeout(timeoutMs),
      automaticDeserialization: false,
      enableAutoPipelining: false,
      enableTelemetry: false,
    });
    this.#nodes = `${prefix}:nodes`;
  }

  async write(member: Member): Promise<void> {
    const { id } = member;
    await this.#redis.pipeline()
      .set(this.#key(id), this.#textOf(member), { px: this.#options.expiryMs })
      .sadd(this.#nodes, id)
      .exec();
  }

  async list(): Promise<Member[]> {
    const limits = [ENTRIES_MAX, ID_MAX, ENTRY_MAX];
    const [ids, tooLong, expired, entries] = await this.#redis.eval<number[], Listed>(LIST, [this.#nodes], limits);
    if (expired.length > 0) await this.#redis.srem(this.#nodes, ...expired);
    this.#tellCrowd(ids, tooLong);
    return entries.flatMap((entry) => this.#memberOf(entry) ?? []);
  }

  async remove(member: Member): Promise<void> {
    await this.#redis.eval(REMOVE, [this.#key(member.id)], [beginOf(member)]);
  }

  #tellCrowd(ids: number, tooLong: number): void {
    const isCrowded = ids > ENTRIES_MAX || tooLong > 0;
    if (isCrowded && !this.#isCrowded) this.#options.events.registryCrowded(ids, tooLong);
    this.#isCrowded = isCrowded;
  }

  #key(id: string): string {
    return `${this.#nodes}:${id}`;
  }

  #textOf(member: Member): string {
    const until = this.#options.clock.shared() + this.#options.expiryMs;
    return `${beginOf(member)}"until":${until},"seal":"${this.#options.signature.of(member, until)}"}`;
  }

  /** The node of an entry that anyone may have written; undefined if it is not of this cluster. */
  #memberOf(entry: unknown): Member | undefined {
    const told = parsedJson(entry);
    const member = memberOf(told);
    if (member === undefined) return undefined;
    const { until, seal } = told as { until?: unknown; seal?: unknown };
    const why = this.#whyStrange(member, until, seal);
    if (why === undefined) return member;
    const text = String(entry);
    if (!this.#strangers.has(text) && this.#strangers.size < STRANGERS_MAX) {
      this.#strangers.add(text);
      this.#options.events.strange(member, why);
    }
    return undefined;
  }

  #whyStrange(member: Member, until: unknown, seal: unknown): Parameters<ClusterEvents["strange"]>[1] | undefined {
    if (typeof until !== "number" || !this.#options.signature.holds(member, until, seal)) return "unsigned";
    const leftMs = until - this.#options.clock.shared();
    return leftMs < -MARGIN_MS || leftMs > HOLDS_MAX_MS + MARGIN_MS ? "stale" : undefined;
  }
}

/** The part of an entry that is the same as long as the node runs. */
function beginOf({ id, url, incarnation, version }: Member): string {
  return JSON.stringify({ id, url, incarnation, version }).slice(0, -1) + ",";
}
