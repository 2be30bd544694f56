/** What does docker-compose.yml say? */
import { parse } from "yaml";
import type { Environment } from "../../src/config/config.ts";
import { projectFile } from "./image.ts";

/** A service, as far as tests look at it. */
export interface Service {
  readonly image: string;
  readonly build?: string;
  /** Null: passed on from .env where it is set there. */
  readonly environment?: Readonly<Record<string, string | null>>;
  readonly healthcheck?: {
    readonly test: readonly string[];
    readonly interval: string;
    readonly timeout: string;
    readonly retries: number;
    readonly start_period?: string;
  };
  readonly user?: string;
  readonly cap_drop?: readonly string[];
  readonly read_only?: boolean;
  readonly security_opt?: readonly string[];
  readonly tmpfs?: readonly string[];
  readonly restart?: string;
  readonly networks: readonly string[];
  readonly ports?: readonly { readonly target: number; readonly host_ip: string }[];
  readonly volumes?: readonly string[];
  readonly command?: readonly string[];
  readonly stop_grace_period?: string;
}

interface Compose {
  readonly services: Readonly<Record<string, Service>>;
  readonly networks: Readonly<Record<string, { readonly internal?: boolean } | null>>;
}

const composeText = projectFile("docker-compose.yml");
const compose = parse(composeText, { merge: true }) as Compose;

/** All services by name. */
export const services = new Map(Object.entries(compose.services));
/** The services that run our own image. */
export const nodes = new Map([...services].filter(([, { build }]) => build !== undefined));
/** Networks from which the world can be reached, and that can be reached from it. */
export const openNetworks = Object.keys(compose.networks).filter((name) => !compose.networks[name]?.internal);

/** A service by name. @throws Error where there is none */
export function service(name: string): Service {
  const found = services.get(name);
  if (found === undefined) throw new Error(`docker-compose.yml has no service ${name}`);
  return found;
}

const VARIABLE = /(?<!\$)\$\{(\w+)(?::([?-])([^}]*))?\}/g;

/** What the file wants to be told: the names, and whether it starts without. */
export function wanted(): Map<string, "required" | "optional"> {
  const found = new Map<string, "required" | "optional">();
  for (const [, name, kind] of composeText.matchAll(VARIABLE)) found.set(name!, kind === "?" ? "required" : "optional");
  for (const { environment = {} } of nodes.values()) {
    for (const [name, value] of Object.entries(environment)) if (value === null) found.set(name, "optional");
  }
  return found;
}

/** A service's environment where every secret is made and nothing optional is set. */
export function environmentOf({ environment = {} }: Service): Environment {
  const fill = (value: string) =>
    value.replaceAll(
      VARIABLE,
      (_, name, kind, fallback) => kind === "-" ? fallback : name.toLowerCase().padEnd(64, "0"),
    );
  const set = Object.entries(environment).filter(([, value]) => value !== null);
  return Object.fromEntries(set.map(([name, value]) => [name, fill(String(value))]));
}
