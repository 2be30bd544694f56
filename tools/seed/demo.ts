/** What is there to try? Demonstration users, segments with members, and a coupon of each kind; made where it is not. */
import type { Api } from "./api.ts";

/** Memberships end so long after the seeding, in seconds. */
const MEMBER_S = 30 * 24 * 3_600;
const DAY_MS = 24 * 3_600_000;

/** What was made, and what was there already. */
export interface Made {
  readonly what: string;
  readonly isNew: boolean;
}

/** Segments, with how many of the demonstration users are in each: `user_0` and those after it. */
export const SEGMENTS: readonly (readonly [segment: string, members: number])[] = [["gold", 10], ["newsletter", 50]];

/** The coupons. @param now milliseconds since the epoch */
export function demoCoupons(now: number): readonly (Readonly<Record<string, unknown>> & { readonly name: string })[] {
  return [
    { name: "DEMO_PLAIN", amount: 100 },
    {
      name: "DEMO_DISCOUNT",
      amount: 1_000,
      kind: "discount",
      percent_off: "15",
      max_discount: "20.00",
      min_order: "50.00",
    },
    { name: "DEMO_AMOUNT_OFF", amount: 1_000, kind: "discount", amount_off: "5.00" },
    { name: "DEMO_CHARGE", amount: 50, kind: "charge", credit: "25.00" },
    { name: "DEMO_GOLD", amount: 10, segment: "gold" },
    { name: "DEMO_WEEK", amount: 500, starts_at: timeOf(now), ends_at: timeOf(now + 7 * DAY_MS) },
  ];
}

function timeOf(ms: number): string {
  return new Date(ms).toISOString();
}

async function registerUsers(api: Api): Promise<Made> {
  const known = await api.ask("GET", "/api/users/user_100", [200, 404]);
  await api.ask("POST", "/api/users/register", [200, 201]);
  return { what: "users user_0 to user_100", isNew: known.status === 404 };
}

async function fillSegment(api: Api, segment: string, members: number, now: number): Promise<Made> {
  const { body: before } = await api.ask("GET", "/segments/count", [200]);
  const isNew = !before.some(({ title }: { title: string }) => title === segment);
  const expiredSegment = Math.floor(now / 1_000) + MEMBER_S;
  for (let n = 0; n < members; n++) {
    await api.ask("POST", "/users", [200, 201], { ID: `user_${n}`, segment, expiredSegment });
  }
  return { what: `segment ${segment}: user_0 to user_${members - 1}, for 30 days from now`, isNew };
}

async function makeCoupon(api: Api, coupon: { readonly name: string }): Promise<Made> {
  const { status } = await api.ask("POST", "/api/coupons", [201, 409], coupon);
  // One that is there may have been edited since, and has times of its own.
  return status === 201
    ? { what: `coupon ${JSON.stringify(coupon)}`, isNew: true }
    : { what: `coupon ${coupon.name}`, isNew: false };
}

/**
 * Makes what is not there.
 *
 * @param now milliseconds since the epoch
 * @param tell is called after each thing
 * @throws SeedError
 */
export async function seed(api: Api, now: number, tell: (made: Made) => void): Promise<void> {
  tell(await registerUsers(api));
  for (const [segment, members] of SEGMENTS) tell(await fillSegment(api, segment, members, now));
  for (const coupon of demoCoupons(now)) tell(await makeCoupon(api, coupon));
}

/** Requests to try, for a shell. @param item the id of an item that can be had; undefined where there is none */
export function triesOf(url: string, hasTokens: boolean, item: number | undefined): string {
  const auth = hasTokens ? ' -H "authorization: Bearer $ADMIN_TOKEN"' : "";
  const claim = (body: string) =>
    `curl -X POST ${url}/api/coupons/claim${auth} -H 'content-type: application/json' -d '${body}'`;
  const tries = [
    claim('{"user_id":"user_1","coupon_name":"DEMO_PLAIN"}'),
    claim('{"user_id":"user_1","coupon_name":"DEMO_DISCOUNT","order_amount":"99.99"}'),
    claim('{"user_id":"user_1","coupon_name":"DEMO_CHARGE"}'),
    `curl ${url}/api/users/user_1/wallet${auth}`,
    claim('{"user_id":"user_100","coupon_name":"DEMO_GOLD"}') + "   # 403: not one of gold",
    ...item === undefined ? [] : [`curl -X POST '${url}/checkout?user_id=user_1&id=${item}'${auth}`],
    `curl ${url}/segments/count${auth}`,
  ];
  return tries.map((line) => `  ${line}\n`).join("");
}
