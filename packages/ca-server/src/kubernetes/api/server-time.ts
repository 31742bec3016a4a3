import { X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { type RequestOptions, request } from "node:https";
import { checkServerIdentity, type PeerCertificate, TLSSocket } from "node:tls";
import { parseCertificates } from "@kasbah/pki";
import { HttpsError } from "../../errors.ts";
import type { AddressRules } from "../../outbound/address-rules.ts";

export interface ServerTimeDeps {
  readonly server: URL;
  /** PEM of the roots that the server's certificate must chain to; undefined for the system's roots. */
  readonly caFile: string | undefined;
  readonly addressRules: AddressRules;
}

const timeoutMs = 5_000;
const longestChain = 8;
/** Verdicts of OpenSSL that depend on the clock, which is what this request is about to check. */
const clockVerdicts = new Set(["CERT_HAS_EXPIRED", "CERT_NOT_YET_VALID"]);

/**
 * Reads the API server's clock from the `Date` of a response. The request carries no token, and the server's
 * certificate is verified without its dates: with a wrong clock every certificate seems to have expired.
 *
 * @throws HttpsError, or the connection's error
 */
export async function readServerTime({ server, caFile, addressRules }: ServerTimeDeps): Promise<number> {
  addressRules.checkHost(server.hostname);
  const roots = caFile === undefined ? undefined : await readFile(caFile, "utf8");
  const url = new URL(`${server.pathname.replace(/\/$/, "")}/version`, server);
  return new Promise((resolve, reject) => {
    const options: RequestOptions = {
      ...(roots === undefined ? {} : { ca: roots }),
      agent: false,
      minVersion: "TLSv1.2",
      rejectUnauthorized: false,
      lookup: addressRules.lookup,
      signal: AbortSignal.timeout(timeoutMs),
    };
    const sent = request(url, options, (response) => {
      response.resume();
      const ms = Date.parse(response.headers.date ?? "");
      if (Number.isNaN(ms)) reject(new HttpsError("the response has no Date"));
      else resolve(ms);
    });
    sent.once("socket", (socket) =>
      socket.once("secureConnect", () => {
        const problem = socket instanceof TLSSocket ? problemOf(socket, url.hostname, roots) : "no TLS";
        if (problem !== undefined) sent.destroy(new HttpsError(`cannot verify the API server: ${problem}`));
      }),
    );
    sent.once("error", reject);
    sent.end();
  });
}

/** Undefined if the server is who it says, as far as the clock does not matter. */
function problemOf(socket: TLSSocket, host: string, roots: string | undefined): string | undefined {
  const mismatch = checkServerIdentity(host.replace(/^\[|\]$/g, ""), socket.getPeerCertificate());
  if (mismatch !== undefined) return mismatch.message;
  if (socket.authorized) return undefined;
  const verdict = String(socket.authorizationError);
  if (roots === undefined || !clockVerdicts.has(verdict)) return verdict;
  return chainsTo(roots, socket.getPeerCertificate(true))
    ? undefined
    : "its certificate is not signed by a known root";
}

/** OpenSSL reports only its last verdict, so an untrusted certificate may look like an expired one. */
function chainsTo(
  rootsPem: string,
  leaf: PeerCertificate & { issuerCertificate?: PeerCertificate },
): boolean {
  const roots = parseCertificates(rootsPem).map(({ der }) => new X509Certificate(der));
  let current: typeof leaf | undefined = leaf;
  for (let depth = 0; depth < longestChain && current?.raw !== undefined; depth++) {
    const certificate = new X509Certificate(current.raw);
    if (roots.some((root) => isIssuedBy(certificate, root))) return true;
    const issuer: typeof leaf | undefined = current.issuerCertificate;
    if (issuer?.raw === undefined || issuer.raw.equals(current.raw)) return false;
    if (!isIssuedBy(certificate, new X509Certificate(issuer.raw))) return false;
    current = issuer;
  }
  return false;
}

function isIssuedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  return issuer.ca && certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
}
