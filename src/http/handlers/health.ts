import { answer, type Answered, refusal } from "../answers/answer.ts";
import type { RequestId } from "../requests/request_id.ts";

const HEALTHY = JSON.stringify({ status: "healthy" });
const READY = JSON.stringify({ status: "ready" });

/** Liveness and readiness. */
export class Health {
  /** Whether this node is about to stop. */
  leaving = false;

  /** @param serves whether the node can accept a claim now */
  constructor(readonly serves: () => boolean) {}

  /** Makes this node unready for good. */
  leave(): void {
    this.leaving = true;
  }

  /** 200 as long as the process answers. */
  live(id: RequestId): Answered {
    return answer(200, id, HEALTHY);
  }

  /** 200 if requests should be sent here, else 503 `not_ready`. */
  ready(id: RequestId): Answered {
    return !this.leaving && this.serves() ? answer(200, id, READY) : refusal("not_ready", id);
  }
}
