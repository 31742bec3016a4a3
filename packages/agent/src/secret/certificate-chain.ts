import type { Certificate } from "@kasbah/pki";

/** The chain for TLS handshakes: leaf first, no root. */
export function chainPem(chain: readonly Certificate[]): string {
  return chain.map((one) => one.toPem()).join("");
}

/** The earliest notAfter in a chain, at which peers start to reject it. */
export function chainEnd(chain: readonly Certificate[]): Date {
  return new Date(Math.min(...chain.map((one) => one.notAfter.getTime())));
}
