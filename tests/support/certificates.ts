/** Certificates of an authority of the test's own, by Debian's openssl. */
import type { PeerTls } from "../../src/cluster/socket_stream.ts";

async function openssl(...args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command("openssl", { args, stdout: "null", stderr: "piped" }).output();
  if (!success) throw new Error(`Cannot make a certificate: ${new TextDecoder().decode(stderr)}`);
}

/** A node's certificate, its key and its authority, as files and as what they hold. */
export interface Certificate extends PeerTls {
  readonly ca: string;
  readonly files: { readonly cert: string; readonly key: string; readonly ca: string };
}

/**
 * Makes a certificate in a folder.
 *
 * @param name of the file
 * @param subject for whom it is: `IP:127.0.0.1` or `DNS:node-1`
 * @param authority of another that was made before, or a new one
 */
export async function makeCertificate(
  folder: string,
  name: string,
  subject: string = "IP:127.0.0.1",
  authority?: string,
): Promise<Certificate> {
  const ca = authority ?? `${folder}/${name}-ca.pem`;
  const [caKey, key, cert, request] = [
    `${ca}.key`,
    `${folder}/${name}.key`,
    `${folder}/${name}.pem`,
    `${folder}/${name}.csr`,
  ];
  const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
  const days = ["-days", "36500"];
  if (authority === undefined) {
    await openssl("req", "-x509", ...newKey, ...days, "-keyout", caKey, "-out", ca, "-subj", "/CN=authority");
  }
  const extension = `${folder}/${name}.ext`;
  await Deno.writeTextFile(extension, `subjectAltName=${subject}\n`);
  await openssl("req", "-new", ...newKey, "-keyout", key, "-out", request, "-subj", `/CN=${name}`);
  const signs = ["-CA", ca, "-CAkey", caKey, "-CAcreateserial", "-extfile", extension];
  await openssl("x509", "-req", "-in", request, ...signs, ...days, "-out", cert);
  const read = (path: string) => Deno.readTextFile(path);
  return { cert: await read(cert), key: await read(key), ca: await read(ca), files: { cert, key, ca } };
}
