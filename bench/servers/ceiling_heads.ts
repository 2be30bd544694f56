/** How fast is the edge alone where it bounds the heads of requests itself, as a node does by default? */
import { answeredAtOnce, serveClaims } from "./edge.ts";

serveClaims(answeredAtOnce(), { headerTimeoutMs: 10_000 });
