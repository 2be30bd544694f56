/** Requests for bulk jobs, and what is answered to them. */
/** Where jobs are asked for. */
export const BULK = "/api/coupons/bulk";
/** A job that is taken. */
export const GOOD = { count: 5, pattern: "SPRING-####-????" };

/** What an answer says. */
// deno-lint-ignore no-explicit-any -- answers are looked at field by field
export async function answerOf(response: Response): Promise<any> {
  return await response.json();
}
