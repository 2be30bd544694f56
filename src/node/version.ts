/** Which version is this? It stands in deno.json alone. */
import project from "../../deno.json" with { type: "json" };

/** As in Semantic Versioning 2.0. */
export const VERSION: string = project.version;
