import { equalBytes } from "../bytes.ts";
import type { Certificate } from "../certificate/certificate.ts";
import { identifierProblem } from "../certificate/issuer-rules.ts";
import { openElement } from "../der/cursor.ts";
import { parseDer } from "../der/reader.ts";
import { tag } from "../der/tag.ts";
import { dottedOid } from "../der/values.ts";
import { PkiError } from "../errors.ts";
import type { GeneralNameKind } from "../names/general-name.ts";
import { oid } from "../oids.ts";
import type { ClientFinding } from "./finding.ts";
import { certificatesOf, extensionOf, type SigningPath } from "./signing-path.ts";

/**
 * Returns the first reason why BoringSSL or Go rejects every leaf or serving certificate below this path, if
 * any. The rules were found with real clients; `test/hostile/ca-sets` repeats that.
 */
export function findClientRejection(path: SigningPath): ClientFinding | undefined {
  for (const certificate of certificatesOf(path)) {
    for (const [name, rule] of Object.entries(rules)) {
      const problem = rule(certificate, path);
      if (problem !== undefined) return { name, certificate, problem };
    }
  }
  return undefined;
}

type Rule = (certificate: Certificate, path: SigningPath) => string | undefined;

const rules: Readonly<Record<string, Rule>> = {
  "unsupported-name-constraint": unsupportedConstraint,
  "address-constraint": addressConstraint,
  "name-encoding": encodingProblem,
  "path-length": pathLengthProblem,
  "invalid-policies": policiesProblem,
  "namesake-root": namesakeProblem,
};

/** The kinds of names whose constraints Go processes. */
const knownToGo: readonly GeneralNameKind[] = [
  "dNSName",
  "iPAddress",
  "rfc822Name",
  "uniformResourceIdentifier",
];

function unsupportedConstraint(certificate: Certificate): string | undefined {
  if (extensionOf(certificate, oid.nameConstraints)?.critical !== true) return undefined;
  const foreign = constrainedKinds(certificate).find((kind) => !knownToGo.includes(kind));
  if (foreign === undefined) return undefined;
  return `has a critical name constraint on names of the kind ${foreign}, which Go does not support and rejects`;
}

/** BoringSSL has no constraints on addresses, and rejects an address below one, permitted or not. */
function addressConstraint(certificate: Certificate): string | undefined {
  if (!constrainedKinds(certificate).includes("iPAddress")) return undefined;
  return "has a name constraint on IP addresses, under which BoringSSL rejects every address, and the CA's serving certificate has some";
}

function constrainedKinds({ extensions: { nameConstraints } }: Certificate): readonly GeneralNameKind[] {
  if (nameConstraints === undefined) return [];
  return [...nameConstraints.permitted, ...nameConstraints.excluded].map(({ kind }) => kind);
}

/** RFC 5280 §7.1 ignores string types, case and spaces of names; Go compares their bytes. */
function encodingProblem(certificate: Certificate, path: SigningPath): string | undefined {
  const chain = certificatesOf(path);
  const issuer = chain[chain.indexOf(certificate) + 1];
  if (issuer === undefined || equalBytes(certificate.issuer, issuer.subject)) return undefined;
  return "names its issuer, but has it in other bytes (another string type, case or spaces) than the issuer's own certificate, and Go compares bytes";
}

/** RFC 5280 does not count self-issued certificates, but Go does. */
function pathLengthProblem(certificate: Certificate, path: SigningPath): string | undefined {
  const { pathLength } = certificate.extensions;
  const below = certificatesOf(path).indexOf(certificate);
  if (pathLength === undefined || below <= pathLength) return undefined;
  return `has the path length ${pathLength} and ${below} CAs below it, of which Go counts even those with the name of their issuer`;
}

/** RFC 5280 §4.2.1.4: no policy occurs twice. BoringSSL and Go reject that even where no policy is required. */
function policiesProblem(certificate: Certificate): string | undefined {
  const value = extensionOf(certificate, oid.certificatePolicies)?.value;
  if (value === undefined) return undefined;
  try {
    const policies = parseDer(value);
    openElement(policies, tag.sequence, "CertificatePolicies");
    const names = policies.children.map((policy) =>
      dottedOid(openElement(policy, tag.sequence, "PolicyInformation").take(tag.oid, "policy").content),
    );
    const twice = names.find((name, index) => names.indexOf(name) !== index);
    if (twice !== undefined) return `names the policy ${twice} twice, which BoringSSL and Go reject`;
    return names.length > 0 ? undefined : "names no policy in certificatePolicies, which BoringSSL rejects";
  } catch (error) {
    if (error instanceof PkiError) return "has malformed certificatePolicies, which BoringSSL and Go reject";
    throw error;
  }
}

/**
 * OpenSSL and BoringSSL select one root by name and key identifiers, and do not try another one if its key
 * did not sign.
 */
function namesakeProblem(certificate: Certificate, path: SigningPath): string | undefined {
  if (certificate !== path.root) return undefined;
  const top = path.intermediates.at(-1) ?? path.signer;
  const others = path.roots.filter(
    (root) => equalBytes(root.subject, certificate.subject) && !root.publicKey.equals(certificate.publicKey),
  );
  const namesake = others.find((root) => identifierProblem(root, top) === undefined);
  if (namesake === undefined || top.equals(certificate)) return undefined;
  return `has the same name as the root with SHA-256 ${namesake.fingerprint.slice(0, 16)}, and no key identifier tells clients which of them signed`;
}
