/** The certificates for TLS between nodes, which are read and checked at start. */
import { createPrivateKey, X509Certificate } from "node:crypto";
import type { PeerTls } from "../cluster/socket_stream.ts";
import { CLUSTER_TLS, type PeerTlsFiles } from "../config/cluster_tls.ts";
import { wrong } from "../config/settings.ts";

/** Reads the files. @throws ConfigError that names the setting of the first file that is wrong */
export function readPeerTls(files: PeerTlsFiles | undefined): PeerTls | undefined {
  if (files === undefined) return undefined;
  const cert = textOf("cert", files.cert);
  const key = textOf("key", files.key);
  const ca = files.ca === undefined ? undefined : textOf("ca", files.ca);
  const certificate = certificateOf("cert", files.cert, cert);
  if (ca !== undefined) certificateOf("ca", files.ca!, ca);
  if (!isKeyOf(certificate, key)) {
    throw wrong(CLUSTER_TLS.key, files.key, `a PEM file with the private key of ${CLUSTER_TLS.cert}`);
  }
  return { cert, key, ca };
}

function textOf(name: keyof typeof CLUSTER_TLS, path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    throw wrong(CLUSTER_TLS[name], path, "a file that can be read");
  }
}

function certificateOf(name: keyof typeof CLUSTER_TLS, path: string, text: string): X509Certificate {
  try {
    return new X509Certificate(text);
  } catch {
    throw wrong(CLUSTER_TLS[name], path, "a PEM file with a certificate");
  }
}

function isKeyOf(certificate: X509Certificate, key: string): boolean {
  try {
    return certificate.checkPrivateKey(createPrivateKey(key));
  } catch {
    return false;
  }
}
