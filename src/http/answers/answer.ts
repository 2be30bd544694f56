/** How does an answer leave, whatever happened? */
import { Fault, type OutcomeOf } from "../../ports/mod.ts";
import type { CouponAnswer, CouponKind } from "../../domain/coupon.ts";
import { InvalidRequest } from "../../contract/invalid.ts";
import { BadRequest, problem, type ProblemCode } from "./problem.ts";
import { reply } from "./reply.ts";
import { headersOf, type RequestId } from "../requests/request_id.ts";
import { showCoupon, showDetails } from "./shown.ts";
import { showTime } from "../../contract/times.ts";

const TYPE = "application/json";

/** What an answered request tells the log and the metrics. */
export interface Answered {
  readonly response: Response;
  /** A problem's code; undefined for success. */
  readonly code: ProblemCode | undefined;
  /** What failed, where something did. */
  readonly error: unknown;
}

/** A JSON answer. */
export function answer(status: number, id: RequestId, text: string): Answered {
  return { response: reply(text, status, headersOf(id, TYPE)), code: undefined, error: undefined };
}

/** A problem as an answer. */
export function refusal(code: ProblemCode, id: RequestId, detail?: string, param?: string): Answered {
  return { response: problem(code, id, detail, param), code, error: undefined };
}

/** What a thrown error leaves as: a bad request its own problem, a fault 503, anything else 500. */
export function failure(error: unknown, id: RequestId): Answered {
  if (error instanceof InvalidRequest) return refusal("invalid_request", id, error.detail, error.param);
  if (error instanceof BadRequest) return refusal(error.code, id, error.detail, error.param);
  return { ...refusal(error instanceof Fault ? error.code : "internal_error", id), error };
}

/** A coupon's outcome as an answer. @throws Fault in place of a refusal that no client is told */
export function outcomeAnswer(outcome: OutcomeOf<CouponKind>, id: RequestId): Answered {
  if (outcome.kind === "refused") {
    if (outcome.refusal !== "membership_needed") return refusal(outcome.refusal, id);
    throw new Fault("moved", "Command dropped: its coupon asked for a membership that is not read here");
  }
  return answer(outcome.answer.kind === "created" ? 201 : 200, id, bodyOf(outcome.answer));
}

/** The end of a JSON object that has fields already, with these added. */
function more(fields: Record<string, unknown>): string {
  const text = JSON.stringify(fields).slice(1);
  return text === "}" ? text : `,${text}`;
}

function bodyOf(answer: CouponAnswer): string {
  switch (answer.kind) {
    case "claimed": // put together by hand: half of JSON.stringify's time on the hottest way
      return `{"message":"Coupon claimed successfully","claim_id":"${answer.claimId}","coupon_name":${
        JSON.stringify(answer.couponName)
      },"user_id":${JSON.stringify(answer.userId)},"remaining_amount":${answer.remaining},"claimed_at":"${
        showTime(answer.claimedAt)
      }"${answer.details === undefined ? "}" : more(showDetails(answer.details))}`;
    case "claimable":
      return JSON.stringify({
        message: "Coupon can be claimed",
        coupon_name: answer.couponName,
        user_id: answer.userId,
        remaining_amount: answer.remaining,
        ...showDetails(answer.details),
      });
    case "voided":
      return JSON.stringify({
        message: "Claim voided successfully",
        coupon_name: answer.couponName,
        user_id: answer.userId,
        remaining_amount: answer.remaining,
        voided_at: showTime(answer.voidedAt),
      });
    case "created":
      return JSON.stringify({ message: "Coupon created successfully", ...showCoupon(answer.coupon) });
    case "edited":
      return JSON.stringify({
        message: "Coupon updated successfully",
        rows_affected: 1,
        ...showCoupon(answer.coupon),
      });
  }
}
