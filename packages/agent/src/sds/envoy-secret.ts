import { createHash } from "node:crypto";
import type { SdsSecret } from "@kasbah/protocol/workload";
import { chainPem } from "../secret/certificate-chain.ts";
import type { WorkloadSecret } from "../secret/secret-store.ts";

/** A named secret, as sent to Envoy. */
export interface SecretResource {
  readonly name: string;
  /** Hash of the public contents: equal contents have equal versions in every process. */
  readonly version: string;
  readonly secret: SdsSecret;
}

/** Returns the workload's certificate chain and key. */
export function leafResource(
  name: string,
  { leaf, intermediates, keyPair, keyFormat }: WorkloadSecret,
): SecretResource {
  // The chain excludes the root: a peer without the root gains nothing from it, and some peers reject it.
  const certificateChain = Buffer.from(chainPem([leaf, ...intermediates]));
  return tlsCertificate(name, certificateChain, Buffer.from(keyPair.toPem(keyFormat)));
}

/** Returns the workload's whole trust bundle. */
export function rootsResource(name: string, { bundle }: WorkloadSecret): SecretResource {
  return validationContext(name, Buffer.from(bundle.toPem()));
}

/** Returns a resource with PEM roots to trust. */
export function validationContext(name: string, trustedCa: Uint8Array): SecretResource {
  return { name, version: versionOf(trustedCa), secret: { kind: "validationContext", name, trustedCa } };
}

/**
 * Returns a resource with a PEM chain and its key. The leaf contains the public key, so the version does not
 * depend on the private key.
 */
export function tlsCertificate(
  name: string,
  certificateChain: Uint8Array,
  privateKey: Uint8Array,
): SecretResource {
  return {
    name,
    version: versionOf(certificateChain),
    secret: { kind: "tlsCertificate", name, certificateChain, privateKey },
  };
}

function versionOf(contents: Uint8Array): string {
  return createHash("sha256").update(contents).digest("hex").slice(0, 32);
}
