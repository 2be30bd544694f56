/** A PostgreSQL with TLS, whose authority and clients' certificates are made for the test. */
import { type Postgres, run, startPostgres, unprivileged } from "../../tools/services.ts";
import { openTestPostgres } from "./storage.ts";

/** It trusts `doorbuster`, and wants a certificate of `certified` and the password `a b:c/d@e` of `secretive`. */
export interface TlsPostgres {
  readonly postgres: Postgres;
  /** A file: `ca.crt`, `other.crt` (of another authority), `client.crt` and `client.key` (of `certified`) … */
  path(name: string): string;
  /** The maintenance database's url for a role, at 127.0.0.1 or at localhost, which its certificate names. */
  urlOf(role: string, query?: string, host?: "127.0.0.1" | "localhost"): string;
  stop(): Promise<void>;
}

const HBA = `hostssl all certified all cert
host all certified all reject
host all secretive all scram-sha-256
hostnossl encrypted all all reject
host all outsider all reject
host all all all trust
`;

/** Starts one. @param hasTls or the same without TLS */
export async function startTlsPostgres(hasTls = true): Promise<TlsPostgres> {
  const folder = await Deno.makeTempDir({ prefix: "doorbuster-tls-" });
  const owner = await unprivileged();
  const path = (name: string) => `${folder}/${name}`;
  const openssl = (...args: string[]) => run("openssl", args, { cwd: folder });
  const authority = (name: string) =>
    openssl(
      ..."req -x509 -newkey rsa:2048 -nodes -days 3650 -subj".split(" "),
      `/CN=${name}`,
      "-keyout",
      `${name}.key`,
      "-out",
      `${name}.crt`,
    );
  const signed = async (name: string, subject: string) => {
    const [key, csr, crt, ext] = ["key", "csr", "crt", "ext"].map((kind) => `${name}.${kind}`) as [string, ...string[]];
    await Deno.writeTextFile(path(ext!), `subjectAltName=DNS:${subject}\n`);
    await openssl(..."req -newkey rsa:2048 -nodes -subj".split(" "), `/CN=${subject}`, "-keyout", key, "-out", csr!);
    const by = ["-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-days", "3650", "-extfile", ext!];
    await openssl("x509", "-req", "-in", csr!, ...by, "-out", crt!);
  };
  await Promise.all([authority("ca"), authority("other")]);
  await signed("server", "localhost");
  await signed("client", "certified");
  const files = ["server.crt", "server.key", "ca.crt"];
  await Deno.chmod(folder, 0o755);
  for (const name of files) {
    await Deno.chmod(path(name), 0o600);
    await Deno.chown(path(name), owner.uid ?? null, owner.gid ?? null);
  }
  const [ssl_cert_file, ssl_key_file, ssl_ca_file] = files.map(path) as [string, string, string];
  const postgres = await startPostgres(
    hasTls ? { settings: { ssl: "on", ssl_cert_file, ssl_key_file, ssl_ca_file } } : {},
  );
  const stop = async () => {
    await postgres.stop();
    await Deno.remove(folder, { recursive: true });
  };
  try {
    const admin = await openTestPostgres(postgres.url);
    for (const role of ["certified", "outsider"]) await admin.views.query(`create role ${role} login`);
    await admin.views.query(`create role secretive login password 'a b:c/d@e'`);
    await admin.views.query("create role sleeper nologin");
    await admin.views.query("create database closed");
    await admin.views.query("revoke connect on database closed from public");
    await admin.views.query("create database encrypted");
    await Deno.writeTextFile(`${postgres.dataDir}/pg_hba.conf`, hasTls ? HBA : HBA.replace(/^hostssl.*\n/m, ""));
    await admin.views.query("select pg_reload_conf()");
    await admin.close();
  } catch (error) {
    await stop();
    throw error;
  }
  const urlOf = (role: string, query = "", host = "127.0.0.1") => {
    const url = new URL(postgres.url);
    Object.assign(url, { username: role, hostname: host, search: query });
    return url.href;
  };
  return { postgres, path, urlOf, stop };
}
