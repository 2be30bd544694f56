/**
 * Where do nodes find one another? In a registry where each writes itself again and again with an expiry. It is asked
 * for nodes alone, never for safety, and its own expiry judges who is late: no node's clock does.
 */
import { Redis } from "@upstash/redis";
import { type Member, memberOf } from "./member.ts";
import type { Seal } from "./seal.ts";

/** A list of nodes that expire. Every method throws where the registry does not answer in time. */
export interface Registry {
  /** Writes a node, to expire unless it is written again. */
  write(member: Member): Promise<void>;
  /** The nodes of this cluster that are written and not expired. */
  list(): Promise<Member[]>;
  /** Takes a node off, unless another incarnation has written itself meanwhile. */
  remove(member: Member): Promise<void>;
}

/** How a Redis is reached and used. */
export interface RedisRegistryOptions {
  /** Of Upstash or of serverless-redis-http in front of a plain Redis. */
  readonly url: string;
  readonly token: string;
  /** A node that has not written itself for so long is gone, in milliseconds. */
  readonly expiryMs: number;
  /** An answer that takes longer does not count, in milliseconds. */
  readonly timeoutMs: number;
  readonly seal: Seal;
  /** Told once of each entry without this cluster's seal, and of {@linkcode STRANGERS_MAX} at most. */
  readonly strange: (member: Member) => void;
  /** Begins every key, so that clusters may share a Redis. */
  readonly prefix?: string;
}

/** Entries without a seal that are told of: whoever can write to the registry could else fill the log. */
export const STRANGERS_MAX = 100;

const REMOVE = `if redis.call('get', KEYS[1]) == ARGV[1] then redis.call('del', KEYS[1]) end`;

/**
 * The registry in a Redis: a key with an expiry for each node, and a set of their ids, since keys cannot be listed
 * cheaply. Ids whose keys have expired are taken off the set by whoever lists; a node that lives puts its own back.
 */
export class RedisRegistry implements Registry {
  readonly #redis: Redis;
  readonly #nodes: string;
  readonly #expiryMs: number;
  readonly #seal: Seal;
  readonly #strange: (member: Member) => void;
  readonly #strangers = new Set<string>();

  constructor({ url, token, expiryMs, timeoutMs, seal, strange, prefix = "doorbuster" }: RedisRegistryOptions) {
    this.#seal = seal;
    this.#strange = strange;
    this.#redis = new Redis({
      url,
      token,
      // `retry: false` still sends twice. Nothing is sent again here: the next heartbeat does it.
      retry: { retries: 0 },
      signal: () => AbortSignal.timeout(timeoutMs),
      automaticDeserialization: false,
      enableAutoPipelining: false,
      enableTelemetry: false,
    });
    this.#nodes = `${prefix}:nodes`;
    this.#expiryMs = expiryMs;
  }

  async write(member: Member): Promise<void> {
    const { id } = member;
    await this.#redis.pipeline()
      .set(this.#key(id), this.#textOf(member), { px: this.#expiryMs })
      .sadd(this.#nodes, id)
      .exec();
  }

  async list(): Promise<Member[]> {
    const ids: string[] = await this.#redis.smembers(this.#nodes);
    if (ids.length === 0) return [];
    const entries: unknown[] = await this.#redis.mget(ids.map((id) => this.#key(id)));
    const expired = ids.filter((_, at) => entries[at] === null);
    if (expired.length > 0) await this.#redis.srem(this.#nodes, ...expired);
    return entries.flatMap((entry) => this.#memberOf(entry) ?? []);
  }

  async remove(member: Member): Promise<void> {
    await this.#redis.eval(REMOVE, [this.#key(member.id)], [this.#textOf(member)]);
  }

  #key(id: string): string {
    return `${this.#nodes}:${id}`;
  }

  #textOf(member: Member): string {
    const { id, url, incarnation, version } = member;
    return JSON.stringify({ id, url, incarnation, version, seal: this.#seal.of(member) });
  }

  /** A node out of what anyone may have written there; undefined where it is none of this cluster. */
  #memberOf(entry: unknown): Member | undefined {
    const told = entryOf(entry);
    const member = memberOf(told);
    if (member === undefined || this.#seal.holds(member, (told as { seal?: unknown }).seal)) return member;
    const text = String(entry);
    if (!this.#strangers.has(text) && this.#strangers.size < STRANGERS_MAX) {
      this.#strangers.add(text);
      this.#strange(member);
    }
    return undefined;
  }
}

function entryOf(entry: unknown): unknown {
  try {
    return JSON.parse(entry as string);
  } catch {
    return undefined;
  }
}
