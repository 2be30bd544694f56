/** How is a request refused that says what is not allowed? */

/** What was sent is not what is allowed. */
export class InvalidRequest extends Error {
  override readonly name = "InvalidRequest";
  readonly code = "invalid_request";

  /**
   * @param detail what is wrong and what is allowed
   * @param param the field of the body or the parameter of the query that alone is at fault
   */
  constructor(readonly detail: string, readonly param?: string) {
    super(detail);
  }
}

/** The refusal of a request that is not valid. @param detail what is wrong and what is allowed @param param at fault */
export function invalid(detail: string, param?: string): InvalidRequest {
  return new InvalidRequest(detail, param);
}
