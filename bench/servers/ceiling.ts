/** How fast is the edge alone? Each claim is answered at once, nobody asked and nothing stored. */
import { answeredAtOnce, serveClaims } from "./edge.ts";

serveClaims(answeredAtOnce());
