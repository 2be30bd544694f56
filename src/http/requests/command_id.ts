/** The ids of commands, by which repeats are recognized. */
import { createHash } from "node:crypto";
import { type Caller, scopeOf } from "../auth/callers.ts";
import { BadRequest } from "../answers/answer.ts";

const VISIBLE_ASCII = /^[\x21-\x7e]{1,255}$/;

/** A command's id, and whether the caller may repeat it. */
export interface CommandId {
  readonly id: string;
  readonly keyed: boolean;
}

/**
 * The command's id: with an `Idempotency-Key`, a digest of caller, actor and key as a UUID of version 8 (RFC 9562); else
 * random.
 *
 * @param caller whose key it is
 * @param actor the key of the actor that the command is for
 * @throws BadRequest if the key is not 1 to 255 visible ASCII characters
 */
export function commandId(headers: Headers, caller: Caller, actor: string): CommandId {
  const key = headers.get("idempotency-key");
  if (key === null) return { id: crypto.randomUUID(), keyed: false };
  if (!VISIBLE_ASCII.test(key)) throw new BadRequest("invalid_idempotency_key");
  const digest = createHash("sha256").update(JSON.stringify([scopeOf(caller), actor, key])).digest();
  digest[6] = (digest[6]! & 0x0f) | 0x80;
  digest[8] = (digest[8]! & 0x3f) | 0x80;
  const hex = digest.toString("hex");
  const id = [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join("-");
  return { id, keyed: true };
}
