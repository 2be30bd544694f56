/**
 * What is not sent while commits hang, as they do beside a synchronous standby that is gone? All that would commit. A
 * server process that waits for a standby goes on doing so when its client has given up, and takes up a connection: new
 * ones every few seconds would use up all that PostgreSQL has, and operators would be locked out too.
 */
import type { CommitWatch } from "./commit_watch.ts";
import { type Connection, type Database, NotConnected, type Sql } from "./sql.ts";

/** A database's sessions that commit, given only while commits do not hang. @throws NotConnected else, at once */
export function heldBack(
  { connect, activations }: Pick<Database, "connect" | "activations">,
  watch: Pick<CommitWatch, "hangs">,
): { readonly connect: () => Promise<Connection>; readonly activations: Sql } {
  const refuse = () => {
    if (watch.hangs) throw new NotConnected("Cannot send what would wait: a commit that stores nothing waits already");
  };
  return {
    async connect() {
      refuse();
      return await connect();
    },
    activations: {
      async query(text, params, name) {
        refuse();
        return await activations.query(text, params, name);
      },
    },
  };
}
