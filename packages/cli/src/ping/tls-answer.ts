import { connect, type TLSSocket } from "node:tls";
import { parseCertificate } from "@kasbah/pki";
import {
  attemptOf,
  errnoOf,
  formatHostPort,
  type HostPort,
  printableText,
  serverNameOf,
  sniOf,
  TlsDial,
} from "@kasbah/runtime";
import { CliError } from "../errors.ts";
import { plainTime } from "../output/relative-time.ts";

/** How a CA is reached, and by which roots it is verified. */
export interface TlsQuestion {
  readonly address: HostPort;
  /** Roots as PEM, and the file that they come from; undefined to verify nothing. */
  readonly roots: { readonly pem: string; readonly file: string } | undefined;
  readonly deadlineMs: number;
  readonly signal: AbortSignal;
}

/**
 * Completes a TLS handshake with the CA as an agent does. Returns a sentence about its certificate.
 * @throws CliError `TARGET_UNREACHABLE`, or `TARGET_REPLY_INVALID` if the roots do not verify the certificate
 */
export async function askTls({ address, roots, deadlineMs, signal }: TlsQuestion): Promise<string> {
  const { host, port } = address;
  const name = formatHostPort(address);
  const trust = roots === undefined ? { rejectUnauthorized: false, ca: [] } : { ca: roots.pem };
  const options = { port, servername: sniOf(serverNameOf(host)), ...trust };
  const dial = new TlsDial({
    host,
    open: (one) => attemptOf(connect({ ...options, host: one })),
    giveUpMs: deadlineMs,
  });
  try {
    const socket = await dial.run(signal);
    const described = describe(socket);
    socket.destroy();
    const verified = roots === undefined ? "not verified: no --root-file" : `verified by ${roots.file}`;
    return `${name} answers with a certificate ${described}, ${verified}`;
  } catch (cause) {
    throw failureOf(cause, name, roots?.file ?? "the roots");
  }
}

function describe(socket: TLSSocket): string {
  const raw = socket.getPeerX509Certificate()?.raw;
  if (raw === undefined) return "that cannot be read";
  const { uriNames, notAfter } = parseCertificate(raw);
  const owner =
    uriNames.length === 0 ? "without a SPIFFE ID" : `of ${printableText(uriNames.join(", "), 500)}`;
  return `${owner}, valid until ${plainTime(notAfter)}`;
}

/** Reasons of OpenSSL for a certificate that does not belong to the roots. */
const untrusted =
  /^(SELF_SIGNED_CERT|DEPTH_ZERO_SELF_SIGNED|UNABLE_TO_(GET_ISSUER|VERIFY_LEAF)|CERT_SIGNATURE_FAILURE)/;

function failureOf(cause: unknown, name: string, file: string): CliError {
  const code = reasonOf(cause);
  const invalid = (problem: string) => new CliError("TARGET_REPLY_INVALID", `${name}: ${problem}`, { cause });
  if (untrusted.test(code)) return invalid(`its certificate does not chain to a root in ${file}`);
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID") return invalid("its certificate is for other names");
  if (/^CERT_/.test(code)) return invalid(`its certificate is refused (${code})`);
  const isTls = code === "EPROTO" || code.startsWith("ERR_SSL");
  return new CliError("TARGET_UNREACHABLE", `${name}: ${isTls ? "does not speak TLS" : code}`, { cause });
}

function reasonOf(cause: unknown): string {
  if (cause instanceof AggregateError) return [...new Set(cause.errors.map(reasonOf))].join("; ");
  if (!(cause instanceof Error)) return String(cause);
  return errnoOf(cause) ?? cause.message;
}
