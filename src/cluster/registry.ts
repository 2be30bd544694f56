/**
 * Where do nodes find one another? In a registry where each writes itself again and again with an expiry. It is asked
 * for nodes alone, never for safety, and its own expiry judges who is late: no node's clock does.
 */
import { Redis } from "@upstash/redis";
import { type Member, memberOf } from "./member.ts";

/** A list of nodes that expire. Every method throws where the registry does not answer in time. */
export interface Registry {
  /** Writes a node, to expire unless it is written again. */
  write(member: Member): Promise<void>;
  /** The nodes that are written and not expired. */
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
  /** Begins every key, so that clusters may share a Redis. */
  readonly prefix?: string;
}

const REMOVE = `if redis.call('get', KEYS[1]) == ARGV[1] then redis.call('del', KEYS[1]) end`;

/**
 * The registry in a Redis: a key with an expiry for each node, and a set of their ids, since keys cannot be listed
 * cheaply. Ids whose keys have expired are taken off the set by whoever lists; a node that lives puts its own back.
 */
export class RedisRegistry implements Registry {
  readonly #redis: Redis;
  readonly #nodes: string;
  readonly #expiryMs: number;

  constructor({ url, token, expiryMs, timeoutMs, prefix = "doorbuster" }: RedisRegistryOptions) {
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
      .set(this.#key(id), textOf(member), { px: this.#expiryMs })
      .sadd(this.#nodes, id)
      .exec();
  }

  async list(): Promise<Member[]> {
    const ids: string[] = await this.#redis.smembers(this.#nodes);
    if (ids.length === 0) return [];
    const entries: unknown[] = await this.#redis.mget(ids.map((id) => this.#key(id)));
    const expired = ids.filter((_, at) => entries[at] === null);
    if (expired.length > 0) await this.#redis.srem(this.#nodes, ...expired);
    return entries.flatMap((entry) => entryOf(entry) ?? []);
  }

  async remove(member: Member): Promise<void> {
    await this.#redis.eval(REMOVE, [this.#key(member.id)], [textOf(member)]);
  }

  #key(id: string): string {
    return `${this.#nodes}:${id}`;
  }
}

function textOf({ id, url, incarnation, version }: Member): string {
  return JSON.stringify({ id, url, incarnation, version });
}

/** What anyone may have written there; undefined where it is no node. */
function entryOf(entry: unknown): Member | undefined {
  if (typeof entry !== "string") return undefined;
  try {
    return memberOf(JSON.parse(entry));
  } catch {
    return undefined;
  }
}
