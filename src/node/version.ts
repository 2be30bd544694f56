/** The version, which is defined only in deno.json. */
import project from "../../deno.json" with { type: "json" };

/** As in Semantic Versioning 2.0. */
export const VERSION: string = project.version;
