import type { Certificate } from "@kasbah/pki";

/** The chain as it is presented in handshakes: leaf first, no root. */
export function chainPem(chain: readonly Certificate[]): string {
  return chain.map((one) => one.toPem()).join("");
}

/** The earliest end in a chain, which is when peers begin to refuse it. */
export function chainEnd(chain: readonly Certificate[]): Date {
  return new Date(Math.min(...chain.map((one) => one.notAfter.getTime())));
}
