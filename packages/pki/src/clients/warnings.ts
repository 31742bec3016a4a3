import type { Certificate } from "../certificate/certificate.ts";
import { looksSelfSigned } from "../certificate/issuer-rules.ts";
import { factorProblem } from "../keys/rsa/factorable.ts";
import type { GeneralNameKind } from "../names/general-name.ts";
import { oid, oidName } from "../oids.ts";
import type { ClientFinding } from "./finding.ts";
import { certificatesOf, extensionOf, type SigningPath } from "./signing-path.ts";

/** A finding about clients outside the tested versions of OpenSSL, BoringSSL and Go. */
export interface ClientWarning extends ClientFinding {
  /** Whether rustls rejects it, which ztunnel and other node proxies may use. */
  readonly affectsNodeProxies: boolean;
}

/** Returns what only some clients reject below this path, each name once, from the signer up. */
export function findClientWarnings(path: SigningPath): readonly ClientWarning[] {
  const found = new Map<string, ClientWarning>();
  for (const certificate of certificatesOf(path)) {
    for (const [name, { affectsNodeProxies, problemOf }] of Object.entries(rules)) {
      const problem = problemOf(certificate, path);
      if (problem === undefined || found.has(name)) continue;
      found.set(name, { name, certificate, problem, affectsNodeProxies });
    }
  }
  return [...found.values()];
}

interface Rule {
  readonly affectsNodeProxies: boolean;
  problemOf(certificate: Certificate, path: SigningPath): string | undefined;
}

const rules: Readonly<Record<string, Rule>> = {
  "uri-name-constraint": { affectsNodeProxies: true, problemOf: uriConstraint },
  "directory-name-constraint": { affectsNodeProxies: true, problemOf: directoryConstraint },
  "critical-policy-extension": { affectsNodeProxies: true, problemOf: criticalPolicy },
  "ecdsa-sha512": { affectsNodeProxies: true, problemOf: longHash },
  "factorable-key": { affectsNodeProxies: false, problemOf: weakKey },
  "strict-x509": { affectsNodeProxies: false, problemOf: strictProblem },
};

function uriConstraint(certificate: Certificate): string | undefined {
  const isConstrained = constrainsKind(certificate, "uniformResourceIdentifier");
  return isConstrained ? "has a URI name constraint, which rustls rejects" : undefined;
}

/** Go rejects a critical one, so only the others are left to warn about. */
function directoryConstraint(certificate: Certificate): string | undefined {
  const isConstrained = constrainsKind(certificate, "directoryName");
  return isConstrained ? "has a directory name constraint, which rustls rejects" : undefined;
}

function constrainsKind({ extensions: { nameConstraints } }: Certificate, kind: GeneralNameKind): boolean {
  const all = [...(nameConstraints?.permitted ?? []), ...(nameConstraints?.excluded ?? [])];
  return all.some((name) => name.kind === kind);
}

/** rustls processes no policies, and rejects every critical extension that it does not process. */
function criticalPolicy(certificate: Certificate): string | undefined {
  const extensions = [oid.certificatePolicies, oid.policyConstraints, oid.inhibitAnyPolicy];
  const critical = extensions.find((each) => extensionOf(certificate, each)?.critical);
  return critical && `has the critical extension ${oidName(critical)}, which rustls rejects`;
}

/** The signature of a root is not checked. */
function longHash(certificate: Certificate, { root }: SigningPath): string | undefined {
  if (certificate === root || certificate.signatureOid !== oid.ecdsaWithSha512) return undefined;
  return "is signed with ECDSA and SHA-512, which rustls with its library ring rejects";
}

/** A set in use must not stop a CA that restarts, so its key is a warning, unlike a caller's. */
function weakKey({ publicKey }: Certificate): string | undefined {
  const problem = factorProblem(publicKey);
  return problem && `has a key from which anyone can derive the private key: ${problem}`;
}

/** RFC 5280 §4.2.1: what `openssl verify -x509_strict` and Python from 3.13 on require of a CA. */
function strictProblem(certificate: Certificate): string | undefined {
  const missing = missingParts(certificate);
  if (missing === undefined) return undefined;
  return `${missing}, which clients in strict mode reject, such as Python from 3.13 on`;
}

function missingParts(certificate: Certificate): string | undefined {
  const { extensions } = certificate;
  if (extensionOf(certificate, oid.basicConstraints)?.critical !== true)
    return "has basic constraints that are not critical";
  if (extensionOf(certificate, oid.keyUsage) === undefined) return "has no key usage";
  if (extensions.subjectKeyIdentifier === undefined) return "has no subject key identifier";
  if (extensions.authorityKeyIdentifier === undefined && !looksSelfSigned(certificate))
    return "has no authority key identifier with a key";
  return undefined;
}
