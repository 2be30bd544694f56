/** What is measured on sales? Each measurement has a sale of its own, made just before it. */
import type { Lab } from "../lab.ts";
import { CONNECTIONS, type Experiment } from "../rows.ts";
import type { SaleLoad } from "./load.ts";
import { makeSale } from "./stock.ts";

/** One kind of storm. */
interface Job {
  readonly items: number;
  readonly checkouts: number;
  readonly users: number;
  readonly buys: boolean;
  readonly crowd: boolean;
  /** Whether it ends with the measurement's time; else when all is done. */
  readonly timed?: boolean;
}

/** A line of the table. */
interface Line {
  readonly name: string;
  readonly title: string;
  readonly job: Job;
  /** Doorbuster where absent. */
  readonly rival?: "sales_ceiling" | "sales_statement" | "sales_row_lock";
  /** The line of the same storm on the edge alone. */
  readonly ceiling: string;
}

/** A sale sold whole: ten items to each user. */
export const WHOLE: Job = { items: 10_000, checkouts: 10_000, users: 1_000, buys: true, crowd: false };
const HOLDS: Job = { items: 200_000, checkouts: 200_000, users: 20_000, buys: false, crowd: false, timed: true };
const CROWD: Job = { items: 10_000, checkouts: 100_000, users: 100_000, buys: true, crowd: true };
/** What comes before each measurement; audited like it. New code is slow at first. */
const WARM_UP: Job = { items: 3_000, checkouts: 6_000, users: 6_000, buys: true, crowd: true };
/** No storm is to take as long. */
const SECONDS_MAX = 120;

const WHOLE_TITLE = "10,000 items, 20,000 requests: checkout, then purchase";
const CROWD_TITLE = "100,000 buyers at 10,000 items";

const LINES: readonly Line[] = [
  {
    name: "sale_ceiling",
    title: "ceiling of a whole sale: our edge, nothing stored",
    job: WHOLE,
    rival: "sales_ceiling",
    ceiling: "sale_ceiling",
  },
  { name: "sale", title: `**a whole sale**: ${WHOLE_TITLE}`, job: WHOLE, ceiling: "sale_ceiling" },
  {
    name: "sale_statement",
    title: "rival: one SQL statement an act",
    job: WHOLE,
    rival: "sales_statement",
    ceiling: "sale_ceiling",
  },
  {
    name: "sale_row_lock",
    title: "rival: `select … for update`, a transaction an act",
    job: WHOLE,
    rival: "sales_row_lock",
    ceiling: "sale_ceiling",
  },
  {
    name: "checkout_ceiling",
    title: "ceiling of checkouts",
    job: HOLDS,
    rival: "sales_ceiling",
    ceiling: "checkout_ceiling",
  },
  { name: "checkouts", title: "**checkouts alone**", job: HOLDS, ceiling: "checkout_ceiling" },
  {
    name: "checkout_statement",
    title: "rival: one SQL statement a checkout",
    job: HOLDS,
    rival: "sales_statement",
    ceiling: "checkout_ceiling",
  },
  {
    name: "crowd_ceiling",
    title: `ceiling of ${CROWD_TITLE}`,
    job: CROWD,
    rival: "sales_ceiling",
    ceiling: "crowd_ceiling",
  },
  { name: "crowd", title: `**the last items**: ${CROWD_TITLE}`, job: CROWD, ceiling: "crowd_ceiling" },
  {
    name: "crowd_statement",
    title: "rival: one SQL statement an act",
    job: CROWD,
    rival: "sales_statement",
    ceiling: "crowd_ceiling",
  },
];

/** The load of a job. */
export function loadOf({ timed, ...job }: Job, seconds: number): SaleLoad {
  return { connections: CONNECTIONS, ...job, seconds: timed ? seconds : SECONDS_MAX };
}

function whose(rival: Line["rival"]): string {
  return rival === undefined ? "Doorbuster" : rival.replace("sales_", "").replaceAll("_", " ");
}

function experimentOf({ name, title, job, rival, ceiling }: Line): Experiment {
  const serve = (lab: Lab) => rival === undefined ? lab.doorbuster() : lab.rival(rival);
  return {
    name,
    title,
    prepare: serve,
    async measure(lab, { round, seconds }) {
      const server = await serve(lab);
      const database = await lab.database(rival ?? "ours");
      const storm = async (title: string, load: SaleLoad) => {
        const sale = await makeSale(database, load.items);
        return await lab.storm(title, server, sale, load, rival === "sales_ceiling" ? undefined : database);
      };
      await storm(`${title}: warming up`, loadOf(WARM_UP, seconds));
      const measured = await storm(title, loadOf(job, seconds));
      lab.book.row(name, title, round, measured, ceiling);
      if (job === WHOLE) lab.book.figure(`time to sell 10,000 items: ${whose(rival)}`, "s", measured.seconds);
    },
  };
}

/** The lines of the table that are about sales. */
export const SALE_ROWS: readonly Experiment[] = LINES.map(experimentOf);
