import { X509Certificate } from "node:crypto";
import {
  type ClientWarning,
  findClientRejection,
  findClientWarnings,
  PkiError,
  type TrustDomain,
  verifyChain,
} from "@kasbah/pki";
import type { CertificateWriter, SubjectAltName } from "@kasbah/pki/certificate-writer";
import type { Clock } from "@kasbah/runtime";
import { StateError } from "../../errors.ts";
import type { Candidate, HeldBundle, Rehearse } from "./candidate.ts";
import { shakeHands } from "./handshake.ts";
import { createThrowAways, type ThrowAways } from "./throw-away.ts";

export interface RehearsalDeps {
  readonly writer: CertificateWriter;
  readonly trustDomain: TrustDomain;
  /** The names of the CA's own serving certificate. */
  readonly serverNames: readonly SubjectAltName[];
  /** The DNS names that the policy may add to workload certificates. */
  readonly dnsNames: () => Promise<readonly string[]>;
  /** Whether node proxies are trusted, so that a set which rustls rejects is refused. */
  readonly hasNodeProxies: boolean;
  readonly clock: Clock;
}

/**
 * Returns the rehearsal of an authority: throw-away certificates are verified against every bundle that a
 * client holds, by kasbah's own rules, by OpenSSL's and in real TLS handshakes, before anything is issued.
 */
export function createRehearsal(deps: RehearsalDeps): Rehearse {
  return async (candidate) => {
    const now = deps.clock.now();
    const { signer, describe } = candidate;
    if (signer.certificate.notAfter <= now) throw failed(`${describe(signer.certificate)} has expired`);
    const made = await createThrowAways(candidate, { ...deps, dnsNames: await deps.dnsNames(), now });
    for (const held of candidate.held) verifyPaths(held, candidate, made, now);
    const warnings = judgeClients(candidate, deps.hasNodeProxies);
    checkIssuers(candidate);
    for (const held of candidate.held) await connect(held, candidate, made);
    return warnings;
  };
}

/** kasbah's own rules, which name the certificate and the name. */
function verifyPaths(
  { holders, bundle }: HeldBundle,
  { signer, intermediates, root, describe }: Candidate,
  { workloads, serving }: ThrowAways,
  now: Date,
): void {
  const path = signer.certificate.equals(root) ? [] : [signer.certificate, ...intermediates];
  for (const { what, leaf } of [...workloads, serving]) {
    try {
      verifyChain({ leaf, intermediates: path, bundle, now, describe });
    } catch (error) {
      if (!(error instanceof PkiError)) throw error;
      throw failed(`${holders} would reject ${what}: ${error.message}`, error);
    }
  }
}

/** The rules of other libraries. @returns what only some clients reject */
function judgeClients(candidate: Candidate, hasNodeProxies: boolean): readonly ClientWarning[] {
  const { signer, intermediates, root, held, describe, isOurs = false } = candidate;
  const roots = held.flatMap(({ bundle }) => bundle.roots);
  const path = { signer: signer.certificate, intermediates, root, roots };
  const rejection = findClientRejection(path);
  if (rejection !== undefined)
    throw failed(`${describe(rejection.certificate)} ${rejection.problem} (${rejection.name})`);
  const warnings = findClientWarnings(path);
  const grave = warnings.find(({ affectsNodeProxies }) => affectsNodeProxies);
  if (grave === undefined || !hasNodeProxies || isOurs) return warnings;
  throw failed(
    `${describe(grave.certificate)} ${grave.problem}, and node proxies are trusted by --trusted-node-account (${grave.name})`,
  );
}

/** OpenSSL's own verdict on each step, which names the certificate, unlike a handshake. */
function checkIssuers({ signer, intermediates, root, describe }: Candidate): void {
  const chain = signer.certificate.equals(root) ? [root] : [signer.certificate, ...intermediates, root];
  for (const [index, child] of chain.entries()) {
    const issuer = chain[index + 1] ?? child;
    if (new X509Certificate(child.der).checkIssued(new X509Certificate(issuer.der))) continue;
    throw failed(`OpenSSL does not accept ${describe(issuer)} as the issuer of ${describe(child)}`);
  }
}

/** Real handshakes: an agent with the CA, and two workloads. */
async function connect(
  { holders, bundle }: HeldBundle,
  { signer, describe }: Candidate,
  { workloads: [workload], serving }: ThrowAways,
): Promise<void> {
  for (const server of [serving, workload]) {
    const failure = await shakeHands(server, workload, bundle.toPem());
    if (failure === undefined) continue;
    const { rejected, code } = failure;
    const who = describe(signer.certificate);
    throw failed(`${holders} would reject ${rejected.what} that ${who} signs: OpenSSL reports ${code}`);
  }
}

function failed(reason: string, cause?: unknown): StateError {
  const fix = "reissue it as docs/plugged-in.md shows";
  return new StateError("REHEARSAL_FAILED", `${reason}: ${fix}`, { cause });
}
