/** Runs an audit for an administrator, who waits for its report. */
import type { Audits } from "../../ports/mod.ts";
import { answer, type Answered } from "../answers/answer.ts";
import type { RoutedRequest } from "../requests/routed_request.ts";

export class AuditHandlers {
  constructor(readonly audits: Audits) {}

  async run({ request, id }: RoutedRequest): Promise<Answered> {
    const { coupons, sales, findings, busy } = await this.audits.auditNow(request.signal);
    return answer(200, id, JSON.stringify({ coupons, sales, findings, busy }));
  }
}
