/** How fast is the edge alone at sales? Each checkout and purchase is answered at once, from memory, nothing stored. */
import { formatCode, itemIdOf, parseSaleKey } from "../../src/domain/sale_ids.ts";
import { serveEdge } from "./edge.ts";

/** By whole code; and of each sale which items are gone. */
const holds = new Map<string, { itemId: number; userId: string }>();
const taken = new Map<string, Set<number>>();
const TTL_MS = 30_000;

serveEdge({
  sales: {
    ask(key, command) {
      if (command.kind === "checkout") {
        const gone = taken.get(key) ?? new Set();
        taken.set(key, gone);
        if (gone.has(command.n)) return Promise.resolve({ kind: "refused", refusal: "item_unavailable" });
        gone.add(command.n);
        const shown = { itemId: itemIdOf(parseSaleKey(key)!, command.n), userId: command.userId };
        const code = formatCode(key, command.code);
        holds.set(code, shown);
        const answer = { kind: "held", code, ...shown, expiresAt: Date.now() + TTL_MS } as const;
        return Promise.resolve({ kind: "done", answer });
      }
      const code = command.kind === "purchase" ? formatCode(key, command.code) : "";
      const shown = holds.get(code);
      if (shown === undefined) return Promise.resolve({ kind: "refused", refusal: "code_unknown" });
      const answer = { kind: "purchased", code, ...shown, purchasedAt: Date.now() } as const;
      return Promise.resolve({ kind: "done", answer });
    },
  },
});
