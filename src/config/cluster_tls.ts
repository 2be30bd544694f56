/** Connections between nodes are encrypted if the nodes have certificates. */
import { type Environment, httpUrl, wrong } from "./settings.ts";

/** Paths of PEM files. */
export interface PeerTlsFiles {
  readonly cert: string;
  readonly key: string;
  /** Undefined if a public authority signs the nodes' certificates. */
  readonly ca: string | undefined;
}

export const CLUSTER_TLS = { cert: "CLUSTER_TLS_CERT", key: "CLUSTER_TLS_KEY", ca: "CLUSTER_TLS_CA" } as const;

/** The files for TLS between nodes; undefined if there are none. @throws ConfigError */
export function peerTlsFiles(env: Environment): PeerTlsFiles | undefined {
  const [cert, key, ca] = [CLUSTER_TLS.cert, CLUSTER_TLS.key, CLUSTER_TLS.ca].map((name) => env[name] || undefined);
  if (cert !== undefined && key !== undefined) return { cert, key, ca };
  for (const [name, other] of [[CLUSTER_TLS.cert, CLUSTER_TLS.key], [CLUSTER_TLS.key, CLUSTER_TLS.cert]] as const) {
    if (env[other] && !env[name]) throw wrong(name, "", `set, since ${other} is`);
  }
  if (ca !== undefined) throw wrong(CLUSTER_TLS.cert, "", `set, since ${CLUSTER_TLS.ca} is`);
  return undefined;
}

/** The address at which the other nodes reach this one. @throws ConfigError */
export function nodeUrlOf(env: Environment, near: string | undefined, tls: PeerTlsFiles | undefined): string {
  const url = httpUrl(env, "NODE_URL", near);
  if (tls === undefined || url.startsWith("https:")) return url;
  throw wrong("NODE_URL", url, `a URL such as https://host:8081, since ${CLUSTER_TLS.cert} is set`);
}
