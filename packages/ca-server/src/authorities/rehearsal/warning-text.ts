import type { Certificate, ClientWarning } from "@kasbah/pki";

/** The sentence about what some clients reject, with the name to search the documentation for. */
export function warningText(
  { name, certificate, problem }: ClientWarning,
  describe: (certificate: Certificate) => string,
): string {
  return `${name}: ${describe(certificate)} ${problem}`;
}
