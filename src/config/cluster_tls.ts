/** Are the connections between nodes encrypted? Where each node has a certificate, they are. */
import { createPrivateKey, X509Certificate } from "node:crypto";
import type { PeerTls } from "../cluster/dial.ts";
import { type Environment, httpUrl, wrong } from "./settings.ts";

/** Files of PEM. */
export interface PeerTlsFiles {
  readonly cert: string;
  readonly key: string;
  /** Undefined: a public authority signs the nodes' certificates. */
  readonly ca: string | undefined;
}

const NAMES = { cert: "CLUSTER_TLS_CERT", key: "CLUSTER_TLS_KEY", ca: "CLUSTER_TLS_CA" } as const;

/** The files of TLS between nodes; undefined where there is none. @throws ConfigError */
export function peerTlsFiles(env: Environment): PeerTlsFiles | undefined {
  const [cert, key, ca] = [NAMES.cert, NAMES.key, NAMES.ca].map((name) => env[name] || undefined);
  if (cert !== undefined && key !== undefined) return { cert, key, ca };
  for (const [name, other] of [[NAMES.cert, NAMES.key], [NAMES.key, NAMES.cert]] as const) {
    if (env[other] && !env[name]) throw wrong(name, "", `set, since ${other} is`);
  }
  if (ca !== undefined) throw wrong(NAMES.cert, "", `set, since ${NAMES.ca} is`);
  return undefined;
}

/** Where the other nodes reach this one. @throws ConfigError */
export function nodeUrlOf(env: Environment, near: string | undefined, tls: PeerTlsFiles | undefined): string {
  const url = httpUrl(env, "NODE_URL", near);
  if (tls === undefined || url.startsWith("https:")) return url;
  throw wrong("NODE_URL", url, `a URL such as https://host:8081, since ${NAMES.cert} is set`);
}

/** Reads what the files hold. @throws ConfigError a line that names the setting of the first that is wrong */
export function readPeerTls(files: PeerTlsFiles | undefined): PeerTls | undefined {
  if (files === undefined) return undefined;
  const cert = textOf("cert", files.cert);
  const key = textOf("key", files.key);
  const ca = files.ca === undefined ? undefined : textOf("ca", files.ca);
  const certificate = certificateOf("cert", files.cert, cert);
  if (ca !== undefined) certificateOf("ca", files.ca!, ca);
  if (!isKeyOf(certificate, key)) throw wrong(NAMES.key, files.key, `a PEM file with the private key of ${NAMES.cert}`);
  return { cert, key, ca };
}

function textOf(name: keyof typeof NAMES, path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    throw wrong(NAMES[name], path, "a file that can be read");
  }
}

function certificateOf(name: keyof typeof NAMES, path: string, text: string): X509Certificate {
  try {
    return new X509Certificate(text);
  } catch {
    throw wrong(NAMES[name], path, "a PEM file with a certificate");
  }
}

function isKeyOf(certificate: X509Certificate, key: string): boolean {
  try {
    return certificate.checkPrivateKey(createPrivateKey(key));
  } catch {
    return false;
  }
}
