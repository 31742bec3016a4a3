import { connect, type TLSSocket } from "node:tls";
import { type Certificate, parseCertificate } from "@kasbah/pki";
import {
  attemptOf,
  errnoOf,
  formatHostPort,
  type HostPort,
  serverNameOf,
  sniOf,
  TlsDial,
} from "@kasbah/runtime";
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

async function handshake(address: HostPort, deadlineMs: number): Promise<readonly Uint8Array[]> {
  const { host, port } = address;
  const servername = sniOf(serverNameOf(host));
  // Accepts any certificate, because it is only shown. The empty `ca` keeps the system's roots out of the
  // chain.
  const options = { port, servername, rejectUnauthorized: false, ca: [] };
  const open = (one: string) => attemptOf(connect({ ...options, host: one }));
  const dial = new TlsDial({ host, open, giveUpMs: deadlineMs });
  try {
    const socket = await dial.run(new AbortController().signal);
    const presented = presentedBy(socket);
    socket.destroy();
    return presented;
  } catch (cause) {
    throw new CliError("TARGET_UNREACHABLE", `${formatHostPort(address)}: ${reasonOf(cause)}`, { cause });
  }
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
function reasonOf(cause: unknown): string {
  if (cause instanceof AggregateError) return cause.errors.map(reasonOf).join("; ");
  if (!(cause instanceof Error)) return String(cause);
  const code = errnoOf(cause);
  if (code === "EPROTO" || code?.startsWith("ERR_SSL")) return "does not speak TLS";
  return code ?? cause.message;
}
