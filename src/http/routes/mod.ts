/** Which routes are there? Where two fit a path, the first of them answers. */
import { audit } from "./audit.ts";
import { bulk } from "./bulk.ts";
import { checkouts } from "./checkouts.ts";
import { claims } from "./claims.ts";
import { coupons } from "./coupons.ts";
import { docs } from "./docs.ts";
import { files } from "./files.ts";
import { node } from "./node.ts";
import type { Route } from "./route.ts";
import { sales } from "./sales.ts";
import { users } from "./users.ts";

/**
 * Every route of the edge. Whoever sends the examples one after another, as they stand, finds what the later ones need.
 */
export const ROUTES: readonly Route[] = [
  ...coupons,
  ...claims,
  ...checkouts,
  ...sales,
  ...users,
  ...bulk,
  ...files,
  ...audit,
  ...node,
  ...docs,
];
