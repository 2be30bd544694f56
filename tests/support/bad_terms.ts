/** Which terms of a coupon's kind must be refused? */
/** What is no amount of money. */
export const BAD_MONEY: unknown[] = [
  "",
  " ",
  "1.005",
  1.005,
  "-1",
  -1,
  "01",
  "1e3",
  1e21,
  "1,5",
  1e13,
  "10000000000000",
  true,
  [],
  {},
];
const charge = { name: "new", amount: 1, kind: "charge", credit: "5" };
const percent = { name: "new", amount: 1, kind: "discount", percent_off: 15 };
/** Bodies of creates whose kind cannot have these terms, or that are none. */
export const BAD_TERMS: unknown[] = [
  ...["gift", "", "Plain", null, 5, ["charge"]].map((kind) => ({ name: "new", amount: 1, kind })),
  ...[...BAD_MONEY, 0, "0.00"].map((credit) => ({ ...charge, credit })),
  ...[...BAD_MONEY, 0, 100.01, "100.01"].map((percent_off) => ({ ...percent, percent_off })),
  ...[...BAD_MONEY, 0].flatMap((money) => [{ ...percent, max_discount: money }, { ...percent, min_order: money }]),
  ...[...BAD_MONEY, 0].map((amount_off) => ({ name: "new", amount: 1, kind: "discount", amount_off })),
  ...["", " ", "\u0000", "x".repeat(256), 5, {}, []].map((segment) => ({ name: "new", amount: 1, segment })),
  { ...charge, credit: null },
  { ...charge, min_order: 5 },
  { ...percent, amount_off: 5 },
  { ...percent, credit: 5 },
  { ...percent, percent_off: null },
  { name: "new", amount: 1, kind: "plain", percent_off: 15 },
  { name: "new", amount: 1, percent_off: 15 },
  { ...charge, percentOff: 15 },
];
