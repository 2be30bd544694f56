/** Reads settings from their texts. */
import { parseDuration } from "./duration.ts";
import { maskedValue } from "./masked.ts";

/** One or more settings have invalid values; the message has a line for each. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** The error of an invalid value, which is shown as {@linkcode maskedValue}; for a secret, pass `***` instead. */
export function wrong(name: string, value: string, allowed: string): ConfigError {
  return new ConfigError(`${name}=${maskedValue(value)}: must be ${allowed}`);
}

/**
 * Reads several settings and reports all invalid ones at once.
 *
 * @throws ConfigError with a line for each invalid setting, in order
 */
export function readAll<T extends object>(
  readers: { readonly [K in keyof T]: () => T[K] },
): T {
  const lines = new Set<string>();
  const read = Object.entries<() => unknown>(readers).map(([key, reader]) => {
    try {
      return [key, reader()];
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      for (const line of error.message.split("\n")) lines.add(line);
      return [key, undefined];
    }
  });
  if (lines.size > 0) throw new ConfigError([...lines].join("\n"));
  return Object.fromEntries(read) as T;
}

/** A setting that others depend on; the fallback if it is invalid, which its own reader reports. */
export function whereRight<T>(reader: () => T, fallback: T): T {
  try {
    return reader();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return fallback;
  }
}

/** The error of a port that cannot be opened. @param name of its setting */
export function notListening(name: string, host: string, port: number, error: unknown): ConfigError {
  return new ConfigError(`HOST=${host}, ${name}=${port}: cannot be listened on: ${(error as Error).message}`);
}

/** The URL of a server without a trailing slash, for a host name or address. */
export function originOf(host: string, port: number): string {
  return `http://${host.includes(":") ? `[${host}]` : host}:${port}`;
}

/** A whole number from `min` to `max`. @throws ConfigError */
export function integer(env: Environment, name: string, fallback: number, min: number, max: number): number {
  const value = env[name];
  if (value === undefined || value === "") return fallback;
  const number = /^\d{1,12}$/.test(value) ? Number(value) : NaN;
  if (!(number >= min && number <= max)) throw wrong(name, value, `a whole number from ${min} to ${max}`);
  return number;
}

/** A duration, in milliseconds. @throws ConfigError */
export function duration(
  env: Environment,
  name: string,
  fallbackMs: number,
  minMs: number,
  maxMs: number,
): number {
  const value = env[name];
  if (value === undefined || value === "") return fallbackMs;
  const ms = parseDuration(value) ?? NaN;
  if (!(ms >= minMs && ms <= maxMs)) {
    throw wrong(name, value, `a duration such as 500ms, 30s, 1m30s or 1.5h, from ${minMs}ms to ${maxMs}ms`);
  }
  return ms;
}

/** One of a few words, in lower or upper case. @throws ConfigError */
export function oneOf<T extends string>(env: Environment, name: string, fallback: T, allowed: readonly T[]): T {
  const value = env[name];
  if (value === undefined || value === "") return fallback;
  const word = allowed.find((one) => one === value.toLowerCase());
  if (word === undefined) throw wrong(name, value, `one of ${allowed.join(", ")}`);
  return word;
}

/** The URL of an HTTP server, without a trailing slash. It is public, so it must not contain a password. @throws ConfigError */
export function httpUrl(env: Environment, name: string, fallback?: string): string {
  const value = env[name] || fallback;
  const url = value !== undefined && URL.canParse(value) ? new URL(value) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol) || value!.length > 256 || /[@?#\s]/.test(value!)) {
    throw wrong(name, value ?? "", "a URL such as http://host:8081, without user, password or query");
  }
  return value!.replace(/\/$/, "");
}

/** A secret, which messages never show. @param least minimum number of characters @throws ConfigError */
export function secret(env: Environment, name: string, least: number): string {
  const value = env[name] ?? "";
  if (!/^[\x21-\x7e]*$/.test(value) || value.length < least || value.length > 4_096) {
    throw wrong(name, value === "" ? "" : "***", `at least ${least} visible ASCII characters`);
  }
  return value;
}

/** As {@linkcode secret}, but undefined if it is not set. @throws ConfigError */
export function optionalSecret(env: Environment, name: string, least: number): string | undefined {
  return env[name] ? secret(env, name, least) : undefined;
}
