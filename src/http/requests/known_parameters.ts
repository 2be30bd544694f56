/**
 * Which parameters may a query have? Those that the route's description names: any other one is most likely misspelt, and
 * would be ignored in silence. Some routes take whatever comes: those that the systems before this one document, whose
 * clients are not to be broken, and those of browsers, probes and scrapers, which add parameters of their own.
 */
import { invalid } from "../../contract/invalid.ts";
import { shortened } from "../../contract/unknown_field.ts";
import { OPERATIONS } from "../openapi/document.ts";

const TAKES_ANY: ReadonlySet<string> = new Set([
  ...["POST /api/coupons", "GET /api/coupons/*", "POST /api/coupons/claim", "POST /users", "GET /segments/count"],
  ...["GET /api/users/register", "POST /api/users/register", "POST /checkout", "POST /purchase"],
  ...["GET /livez", "GET /health", "GET /healthcheck", "GET /api/health", "GET /api/healthcheck", "GET /readyz"],
  ...["GET /metrics", "GET /", "GET /favicon.ico", "GET /openapi.json", "GET /docs", "GET /docs/", "GET /docs/errors"],
  ...["GET /docs/*", "GET /api/sales/*/items/*/image.svg"],
]);

function shapeOf(method: string, path: string): string {
  return `${method.toUpperCase()} ${path.replace(/:\w+|\{\w+\}/g, "*")}`;
}

const KNOWN: ReadonlyMap<string, readonly string[]> = new Map(
  OPERATIONS.map(({ method, path, query = {} }) => [shapeOf(method, path), Object.keys(query)]),
);

/** Checks a query. @throws InvalidRequest that names the first parameter that is not known */
export type QueryCheck = (query: URLSearchParams) => void;

/** What checks the queries of a route. @param path its pattern @throws TypeError where nothing describes the route */
export function queryCheckOf(method: string, path: string): QueryCheck {
  const shape = shapeOf(method, path);
  if (TAKES_ANY.has(shape)) return () => {};
  const known = KNOWN.get(shape);
  if (known === undefined) throw new TypeError(`Cannot say which parameters it has as nothing describes ${shape}`);
  const allowed = known.length === 0 ? "there are none here" : `allowed parameters are ${known.join(", ")}`;
  return (query) => {
    for (const name of query.keys()) {
      if (known.includes(name)) continue;
      throw invalid(`Unknown query parameter ${JSON.stringify(shortened(name))}; ${allowed}`, shortened(name));
    }
  };
}
