/** How is the server of a database URL met? Its certificates are read from their files, and checked, at start. */
import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { parseDatabaseUrl, type TlsTarget } from "../config/database_url.ts";
import { wrong } from "../config/settings.ts";
import type { PostgresServer, PostgresTls } from "../storage/postgres_server.ts";

/** The server of a URL. @throws DatabaseUrlError; ConfigError where a certificate or the key cannot be used */
export function serverOf(url: string): PostgresServer {
  const { tls, ...server } = parseDatabaseUrl(url);
  return { ...server, tls: tlsOf(tls) };
}

/** The modes mean what they mean to libpq. */
function tlsOf({ mode, rootCert, cert, key }: TlsTarget): PostgresTls | undefined {
  if (mode === "disable") return undefined;
  const ca = read("sslrootcert", rootCert, "a certificate", isCertificate);
  const certificate = read("sslcert", cert, "a certificate", isCertificate);
  const isItsKey = (pem: string) => new X509Certificate(certificate!).checkPrivateKey(createPrivateKey(pem));
  const privateKey = read("sslkey", key, "the private key of sslcert without a passphrase", (pem) => {
    // OpenSSL would ask the terminal for the passphrase.
    return !pem.includes("ENCRYPTED") && isItsKey(pem);
  });
  return {
    isOptional: mode === "prefer",
    // With an authority, `require` is `verify-ca`.
    rejectUnauthorized: mode !== "prefer" && (mode !== "require" || ca !== undefined),
    verifiesHost: mode === "verify-full",
    ca,
    cert: certificate,
    key: privateKey,
  };
}

function isCertificate(pem: string): boolean {
  return new X509Certificate(pem).subject !== undefined;
}

/** The text of a PEM file. @param what it must hold, as `check` finds */
function read(parameter: string, path: string | undefined, what: string, check: (pem: string) => boolean) {
  if (path === undefined) return undefined;
  const refused = (why: string) => wrong("DATABASE_URL", "***", `a URL whose ${parameter} is usable: ${path} ${why}`);
  let pem: string;
  try {
    pem = readFileSync(path, "utf8");
  } catch (error) {
    throw refused(`cannot be read: ${(error as Error).message}`);
  }
  let isWhat = false;
  try {
    isWhat = check(pem);
  } catch {
    // What OpenSSL says of it helps nobody.
  }
  if (!isWhat) throw refused(`does not contain ${what} in PEM format`);
  return pem;
}
