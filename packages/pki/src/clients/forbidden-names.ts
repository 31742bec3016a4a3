import type { Certificate } from "../certificate/certificate.ts";
import { nameProblem } from "../certificate/name-constraints.ts";
import type { ClientFinding } from "./finding.ts";

/**
 * Returns the first certificate of a chain whose name constraints forbid one of the DNS names, if any. The
 * names are computed only if the chain has constraints.
 */
export function findForbiddenDnsName(
  chain: readonly Certificate[],
  dnsNames: () => readonly string[],
): ClientFinding | undefined {
  const constrained = chain.filter(({ extensions }) => extensions.nameConstraints !== undefined);
  if (constrained.length === 0) return undefined;
  const names = dnsNames().map((name) => ({ kind: "dNSName", value: Buffer.from(name, "latin1") }) as const);
  for (const certificate of constrained) {
    const problem = nameProblem(certificate.extensions.nameConstraints, names);
    if (problem !== undefined) return { name: "forbidden-dns-name", certificate, problem };
  }
  return undefined;
}
