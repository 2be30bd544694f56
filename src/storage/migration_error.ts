/** The schema is not one that this code may run on, or cannot be brought up to date. */
export class MigrationError extends Error {
  override readonly name = "MigrationError";
}
