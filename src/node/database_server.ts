/** The server of a database URL, with its certificates, which are read and checked at start. */
import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { parseDatabaseUrl, type TlsTarget } from "../config/database_url.ts";
import { wrong } from "../config/settings.ts";
import type { PostgresServer, PostgresTls } from "../storage/postgres_server.ts";

/** The server of a URL. @throws DatabaseUrlError; ConfigError if a certificate or the key is not usable */
export function serverOf(url: string): PostgresServer {
  const { tls, ...server } = parseDatabaseUrl(url);
  return { ...server, tls: tlsOf(tls) };
}

/** The modes of libpq. */
function tlsOf({ mode, rootCert, cert, key }: TlsTarget): PostgresTls | undefined {
  if (mode === "disable") return undefined;
  const ca = read("sslrootcert", rootCert, "a certificate", isCertificate);
  const certificate = read("sslcert", cert, "a certificate", isCertificate);
  const isItsKey = (pem: string) => new X509Certificate(certificate!).checkPrivateKey(createPrivateKey(pem));
  const privateKey = read("sslkey", key, "the private key of sslcert without a passphrase", (pem) => {
    // OpenSSL would prompt for the passphrase.
    return !pem.includes("ENCRYPTED") && isItsKey(pem);
  });
  return {
    isOptional: mode === "prefer",
    // With a certificate authority, `require` means `verify-ca`.
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

/** The text of a PEM file. @param what it must contain; `check` verifies it */
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
    // OpenSSL's message would not help.
  }
  if (!isWhat) throw refused(`does not contain ${what} in PEM format`);
  return pem;
}
