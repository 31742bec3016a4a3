import { X509Certificate } from "node:crypto";
import { isIP } from "node:net";
import { checkServerIdentity, type PeerCertificate, type TLSSocket } from "node:tls";
import { findCertificates } from "@kasbah/pki";

export interface ServerCheck {
  /** The host of the URL; an IPv6 address may be in brackets. */
  readonly host: string;
  /** PEM of the roots that the certificate must chain to; undefined for the system's roots. */
  readonly rootsPem: string | undefined;
  /** When every certificate must be valid; undefined if the time is what the connection is to find out. */
  readonly at: Date | undefined;
}

const longestChain = 8;
const serverAuth = "1.3.6.1.5.5.7.3.1";
/** Verdicts of OpenSSL that depend on the clock of the machine. */
const clockVerdicts = new Set(["CERT_HAS_EXPIRED", "CERT_NOT_YET_VALID"]);

/**
 * Verifies the certificate of a TLS server although the clock of the machine is wrong. OpenSSL reads that clock,
 * so its verdict about dates is replaced by our own.
 *
 * @returns what is wrong; undefined if the server is the one of the URL
 */
export function problemOfServer(socket: TLSSocket, check: ServerCheck): string | undefined {
  const mismatch = nameProblem(check.host.replace(/^\[|\]$/g, ""), socket.getPeerCertificate());
  if (mismatch !== undefined) return mismatch.message;
  const { rootsPem, at } = check;
  const verdict = socket.authorized ? undefined : String(socket.authorizationError);
  if (verdict === undefined && at === undefined) return undefined;
  if (rootsPem === undefined || (verdict !== undefined && !clockVerdicts.has(verdict))) return verdict;
  const chain = chainOf(socket.getPeerCertificate(true), readRoots(rootsPem));
  if (chain === undefined) return "its certificate is not signed by a known root";
  const wrong = at && chain.find(({ validFromDate, validToDate }) => at < validFromDate || at > validToDate);
  return wrong && `its certificate is valid from ${wrong.validFrom} to ${wrong.validTo}`;
}

/** Node 24.18 does not recognize IPv6 addresses in a certificate itself, but OpenSSL does. */
function nameProblem(host: string, certificate: PeerCertificate): Error | undefined {
  const { raw }: Partial<PeerCertificate> = certificate;
  const isFound =
    isIP(host) !== 0 && raw !== undefined && new X509Certificate(raw).checkIP(host) !== undefined;
  return isFound ? undefined : checkServerIdentity(host, certificate);
}

/** None if the file is malformed. */
function readRoots(pem: string): readonly X509Certificate[] {
  try {
    return findCertificates(pem, (der) => new X509Certificate(der));
  } catch {
    return [];
  }
}

type Presented = PeerCertificate & { readonly issuerCertificate?: PeerCertificate };

/**
 * The chain up to a known root. OpenSSL reports only its last verdict, so an untrusted certificate may look
 * like an expired one.
 */
function chainOf(leaf: Presented, roots: readonly X509Certificate[]): readonly X509Certificate[] | undefined {
  const chain: X509Certificate[] = [];
  let current: Presented | undefined = leaf;
  while (chain.length < longestChain && current?.raw !== undefined) {
    const certificate = new X509Certificate(current.raw);
    const isAbove = chain.length > 0;
    const isUsable = isAbove ? isIssuerOf(chain.at(-1), certificate) : servesTls(certificate);
    if (!isUsable) return undefined;
    chain.push(certificate);
    const root = roots.find((one) => isIssuerOf(certificate, one));
    if (root !== undefined) return [...chain, root];
    const issuer: Presented | undefined = current.issuerCertificate;
    current = issuer?.raw?.equals(current.raw) ? undefined : issuer;
  }
  return undefined;
}

function servesTls({ keyUsage }: X509Certificate): boolean {
  // Node names the extended key usage so; it is undefined if there is none.
  return keyUsage === undefined || keyUsage.includes(serverAuth);
}

function isIssuerOf(certificate: X509Certificate | undefined, issuer: X509Certificate): boolean {
  if (certificate === undefined || !issuer.ca) return false;
  return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
}
