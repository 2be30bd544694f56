/** What do the stores of coupons and of sales share? Their lanes, and how actors are created and answers looked up. */
import type { Completion, Handle, Part } from "../ports/mod.ts";
import type { Kind } from "../domain/decision.ts";
import { lostOrUnavailable, retried } from "./db_errors.ts";
import type { Lane } from "./lane.ts";
import type { Row, Sql } from "./sql.ts";

/** The part of a Store that is the same for each kind of actor. */
export abstract class LaneStore<K extends Kind> {
  /** @param holder this node, as the rows of its actors name it */
  constructor(readonly sql: Sql, readonly lanes: readonly Lane<K["Event"]>[], readonly holder: string) {}

  append(part: Part<K["Event"]>, completion: Completion): void {
    this.#laneOf(part.handle).add(part.handle, part, completion);
  }

  confirm(handle: Handle, completion: Completion): void {
    this.#laneOf(handle).add(handle, undefined, completion);
  }

  #laneOf(handle: Handle): Lane<K["Event"]> {
    return this.lanes[handle.lane % this.lanes.length]!;
  }

  /** Sends a statement that must not be repeated. @throws LostAnswer if it may have happened */
  protected async sendOnce(action: string, text: string, params: unknown[], name: string): Promise<Row | undefined> {
    try {
      return (await this.sql.query(text, params, name))[0];
    } catch (error) {
      throw lostOrUnavailable(error, action);
    }
  }

  /** Stored answers by command id, from a statement that returns both. */
  protected async answers(text: string, params: unknown[], name: string): Promise<Map<string, K["Answer"]>> {
    const rows = await retried(this.sql, "Cannot read stored answers", text, params, name);
    return new Map(rows as [string, K["Answer"]][]);
  }

  /** The holder in an actor's row, from a statement that returns it; undefined without a row. */
  protected async holderIn(text: string, key: unknown, name: string): Promise<string | undefined> {
    const [row] = await retried(this.sql, "Cannot read a holder", text, [key], name);
    return row?.[0] as string | undefined;
  }
}
