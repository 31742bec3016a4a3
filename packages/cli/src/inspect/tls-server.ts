import { isIP } from "node:net";
import { connect, type TLSSocket } from "node:tls";
import { type Certificate, parseCertificate } from "@kasbah/pki";
import { formatHostPort, type HostPort } from "@kasbah/runtime";
import { CliError } from "../errors.ts";
import type { Findings } from "./findings.ts";

const longestChain = 10;

/**
 * Returns the certificates that a TLS server presents, trusted or not, from a single handshake.
 * @throws CliError `TARGET_UNREACHABLE` if there is no connection or no certificate within the deadline
 * @throws PkiError `CERTIFICATE_MALFORMED`
 */
export async function inspectTlsServer(address: HostPort, deadlineMs: number): Promise<Findings> {
  const chain = await handshake(address, deadlineMs);
  return { chain: chain.map((der) => parseCertificate(der)) satisfies readonly Certificate[] };
}

function handshake(address: HostPort, deadlineMs: number): Promise<readonly Uint8Array[]> {
  const { host, port } = address;
  const servername = isIP(host) ? "" : host;
  // Accepts any certificate, because it is only shown. The empty `ca` keeps the system's roots out of the
  // chain.
  const socket = connect({ host, port, servername, rejectUnauthorized: false, ca: [] });
  return new Promise<readonly Uint8Array[]>((resolve, reject) => {
    const fail = (what: string, cause?: unknown) =>
      reject(new CliError("TARGET_UNREACHABLE", `${formatHostPort(address)}: ${what}`, { cause }));
    const timer = setTimeout(() => fail(`no TLS handshake within ${deadlineMs / 1000} s`), deadlineMs);
    socket.once("secureConnect", () => resolve(presentedBy(socket)));
    socket.once("error", (cause: NodeJS.ErrnoException) => fail(reasonOf(cause), cause));
    socket.once("close", () => {
      clearTimeout(timer);
      fail("connection closed during the TLS handshake");
    });
  }).finally(() => socket.destroy());
}

function presentedBy(socket: TLSSocket): readonly Uint8Array[] {
  const chain: Uint8Array[] = [];
  let certificate = socket.getPeerX509Certificate();
  while (certificate && chain.length < longestChain) {
    chain.push(certificate.raw);
    certificate = certificate.issuerCertificate;
  }
  return chain;
}

/** OpenSSL's message contains addresses and source file names; the reason code is enough. */
function reasonOf(cause: NodeJS.ErrnoException): string {
  return cause.code === "EPROTO" || cause.code?.startsWith("ERR_SSL")
    ? "does not speak TLS"
    : `${cause.code}`;
}
