/** What do two servers on one database come to that both claim one coupon, and so take it from each other? */
import { CONNECTIONS, type Experiment } from "../rows.ts";
import { withServer } from "./overload.ts";

const TITLE = "two servers, one coupon, 128 connections each";

/** Two owners of one coupon, by mistake. */
export const TWO_SERVERS: Experiment = {
  name: "two_servers",
  title: TITLE,
  prepare: (lab) => lab.database("ours"),
  async measure(lab, { round, seconds }) {
    const { book } = lab;
    const database = await lab.database("ours");
    const coupon = { name: "SHARED", spread: 1, seconds };
    await withServer(database, (first) =>
      withServer(database, async (second) => {
        await lab.load("two servers: warming up", first, { ...coupon, connections: CONNECTIONS, seconds: 1 }, database);
        const alone = await lab.load("one of two servers", first, { ...coupon, connections: CONNECTIONS }, database);
        const half = { ...coupon, connections: CONNECTIONS / 2, threads: 1 };
        const both = await Promise.all([first, second].map((server) => lab.load(TITLE, server, half, database)));
        const sum = (part: "acceptedRate" | "refused" | "answered") => both.reduce((sum, one) => sum + one[part], 0);
        both.forEach((one, place) => {
          book.row(`two_servers_${place}`, place === 0 ? TITLE + ": the first" : "… the second", round, one);
        });
        book.figure("two servers on one coupon: accepted, to one alone", "", sum("acceptedRate") / alone.acceptedRate);
        book.figure("two servers on one coupon: refused (503)", "%", 100 * sum("refused") / sum("answered"));
      }));
  },
};
