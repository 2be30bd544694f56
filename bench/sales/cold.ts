/** What does a sale come to whose stampede meets a server just started? */
import { withServer } from "../extremes/overload.ts";
import type { Experiment } from "../rows.ts";
import { loadOf, WHOLE } from "./rows.ts";
import { makeSale } from "./stock.ts";

const TITLE = "a whole sale, on a server just started";

/** A whole sale as the first thing that a server does. */
export const COLD_SALE: Experiment = {
  name: "sale_cold",
  title: TITLE,
  prepare: (lab) => lab.database("ours"),
  async measure(lab, { round, seconds }) {
    const database = await lab.database("ours");
    await withServer(database, async (server) => {
      const sale = await makeSale(database, WHOLE.items);
      const measured = await lab.storm(TITLE, server, sale, loadOf(WHOLE, seconds), database);
      lab.book.row("sale_cold", TITLE, round, measured, "sale_ceiling");
      lab.book.figure("time to sell 10,000 items: Doorbuster, just started", "s", measured.seconds);
    });
  },
};
