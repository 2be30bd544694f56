/** Makes what checks, limits and records callers, from the settings. */
import type { Logger } from "@logtape/logtape";
import type { Clock } from "../ports/mod.ts";
import type { AccessConfig, CallersConfig } from "../config/config.ts";
import type { EdgeParts } from "../http/app.ts";
import { Callers, type UserTokens } from "../http/auth/callers.ts";
import { Cors } from "../http/auth/cors.ts";
import { OpenAccess } from "../http/auth/open_access.ts";
import { RateLimiter } from "../http/auth/rate_limit.ts";
import { Trail, type TrailParts } from "../http/auth/trail.ts";
import { BadKeySet, Jwts } from "../http/auth/user_tokens.ts";
import { wrong } from "../config/settings.ts";

/** The parts of the edge that check callers. */
export interface AccessControl extends Pick<EdgeParts, "callers" | "trail" | "cors" | "openAccess" | "limiter"> {}

type Now = Pick<Clock, "now">;

async function usersOf(config: CallersConfig, clock: Now): Promise<UserTokens | undefined> {
  const { jwtSecret, jwksFile, jwtIssuer: issuer, jwtAudience: audience } = config;
  if (jwtSecret !== undefined) return Jwts.bySecret(jwtSecret, { issuer, audience }, clock);
  if (jwksFile === undefined) return undefined;
  try {
    return await Jwts.byKeys(await Deno.readTextFile(jwksFile), { issuer, audience }, clock);
  } catch (error) {
    const why = error instanceof BadKeySet ? error.message : "it cannot be read";
    throw wrong("JWKS_FILE", jwksFile, `a file with a JSON Web Key Set of public keys: ${why}`);
  }
}

/** Reads how callers are identified. @throws ConfigError if the file of keys is not valid */
export async function knownCallers({ callers }: Pick<AccessConfig, "callers">, clock: Now): Promise<Callers> {
  if (callers === undefined) return new Callers();
  const { adminToken, serviceToken } = callers;
  return new Callers({ adminToken, serviceToken, users: await usersOf(callers, clock) });
}

/** Makes the access control and logs how callers are authenticated. */
export function makeAccessControl(
  config: AccessConfig,
  log: Logger,
  callers: Callers,
  clock: Clock,
  trail: Pick<TrailParts, "acts">,
): AccessControl {
  if (config.callers === undefined) {
    log.warn("Callers are not authenticated: this node listens on loopback alone");
  } else {
    const { adminToken, serviceToken, jwtSecret, jwksFile } = config.callers;
    const named = { ADMIN_TOKEN: adminToken, SERVICE_TOKEN: serviceToken, JWT_SECRET: jwtSecret, JWKS_FILE: jwksFile };
    const known = Object.entries(named).filter(([, value]) => value !== undefined).map(([name]) => name);
    log.info("Callers are authenticated by {known}", { known });
  }
  const { rateLimit, corsOrigins, allowedHosts, trustProxy } = config;
  return {
    callers,
    trail: new Trail({
      ...trail,
      trustProxy,
      clock,
      incomplete: (requestId, act, error) =>
        log.warn("What became of {act} could not be recorded: {error}", { requestId, act, error: String(error) }),
    }),
    openAccess: config.callers === undefined
      ? new OpenAccess({ hosts: allowedHosts, origins: corsOrigins })
      : undefined,
    cors: corsOrigins.length === 0 ? undefined : new Cors(corsOrigins),
    limiter: rateLimit === 0 ? undefined : new RateLimiter("checkout", rateLimit, clock),
  };
}
