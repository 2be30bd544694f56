/** Does every request for what is not there, or for a page that cannot be, get a 4xx problem with a code and leak nothing? */
import { assertRefused, type BadRequestCase as Case } from "../../support/bad_requests.ts";
import { get, post } from "../../support/edge.ts";

const INVALID = "invalid_request";

const cases: Case[] = [
  ["an unknown route", () => get("/nowhere"), 404, "not_found"],
  ["a trailing slash", () => get("/api/coupons/"), 404, "not_found"],
  ["a double slash", () => get("/api//coupons"), 404, "not_found"],
  ["a deeper path", () => get("/api/coupons/promo/claims/a/b"), 404, "not_found"],
  ["dots", () => get("/api/coupons/../../etc/passwd"), 404, "not_found"],
  [
    "a claim by GET with a query is a coupon named claim",
    () => get(`/api/coupons/claim?user_id=a`),
    404,
    "coupon_not_found",
  ],
  ["a claim by DELETE", () => get("/api/coupons/claim", "DELETE"), 405, "method_not_allowed"],
  ["a coupon by POST", () => post("/api/coupons/promo", {}), 405, "method_not_allowed"],
  ["a coupon by DELETE", () => get("/api/coupons/promo", "DELETE"), 405, "method_not_allowed"],
  ["coupons by PUT", () => post("/api/coupons", {}, {}, "PUT"), 405, "method_not_allowed"],
  ["claims by POST", () => post("/api/coupons/promo/claims", {}), 405, "method_not_allowed"],
  ["health by POST", () => post("/health", {}), 405, "method_not_allowed"],
  ["an unknown method", () => get("/api/coupons", "BREW"), 405, "method_not_allowed"],
  ["options", () => get("/api/coupons", "OPTIONS"), 405, "method_not_allowed"],
  ["half a percent", () => get("/api/coupons/%"), 400, INVALID],
  ["ill-formed UTF-8 in a path", () => get("/api/coupons/%ff"), 400, INVALID],
  ["an overlong encoding", () => get("/api/coupons/%c0%af"), 400, INVALID],
  ["a surrogate in a path", () => get("/api/coupons/%ed%a0%80"), 400, INVALID],
  ["an encoded slash", () => get("/api/coupons/a%2Fb"), 404, "coupon_not_found"],
  ["an encoded NUL", () => get("/api/coupons/a%00"), 404, "coupon_not_found"],
  ["no such coupon", () => get("/api/coupons/nope"), 404, "coupon_not_found"],
  ["claims of no such coupon", () => get("/api/coupons/nope/claims"), 404, "coupon_not_found"],
  ["a claim of no such coupon", () => get("/api/coupons/nope/claims/a"), 404, "coupon_not_found"],
  ["no such claim", () => get("/api/coupons/promo/claims/nobody"), 404, "claim_not_found"],
  ["a void of no claim", () => get("/api/coupons/promo/claims/nobody", "DELETE"), 404, "claim_not_found"],
  ["a bad edit of no coupon", () => post("/api/coupons/nope", { amount: 0 }, {}, "PUT"), 404, "coupon_not_found"],
  ...["0", "-1", "abc", "1.5", "1e3", "", " 1", "99999999999", "2147483648", "0x1"].map((page): Case => [
    `page=${page}`,
    () => get(`/api/coupons?page=${encodeURIComponent(page)}`),
    400,
    INVALID,
  ]),
  ...["0", "101", "-5", "abc", ""].map((size): Case => [
    `per_page=${size}`,
    () => get(`/api/coupons?per_page=${size}`),
    400,
    INVALID,
  ]),
  ...["0", "1001", "ten"].map((limit): Case => [
    `limit=${limit}`,
    () => get(`/api/coupons/promo/claims?limit=${limit}`),
    400,
    INVALID,
  ]),
  ...["", "x", "0", "Y2xhaW1zOjA", "Y2xhaW1zOi0x", "Y2xhaW1zOjEuNQ", "!!!", "b3RoZXI6MQ", "x".repeat(100)].map((
    cursor,
  ): Case => [
    `cursor=${cursor.slice(0, 20)}`,
    () => get(`/api/coupons/promo/claims?cursor=${encodeURIComponent(cursor)}`),
    400,
    INVALID,
  ]),
  ["a search with a control character", () => get("/api/coupons?search=%00"), 400, INVALID],
  ["a search too long", () => get(`/api/coupons?search=${"x".repeat(256)}`), 400, INVALID],
];

assertRefused("each request for a wrong path or page", cases);
