import { createHash } from "node:crypto";
import type { Secret } from "@kasbah/protocol";
import { chainPem } from "../secret/certificate-chain.ts";
import type { WorkloadSecret } from "../secret/secret-store.ts";

/** A secret under a name, as Envoy receives it. */
export interface SecretResource {
  readonly name: string;
  /** Hash of the public contents: equal contents have equal versions, in any process. */
  readonly version: string;
  readonly secret: Secret;
}

/** The chain and the key of a workload. */
export function leafResource(
  name: string,
  { leaf, intermediates, keyPair, keyFormat }: WorkloadSecret,
): SecretResource {
  // The chain goes without its root: a peer that lacks the root gains nothing by seeing it, and some refuse it.
  const certificateChain = Buffer.from(chainPem([leaf, ...intermediates]));
  return tlsCertificate(name, certificateChain, Buffer.from(keyPair.toPem(keyFormat)));
}

/** The whole trust bundle of a workload. */
export function rootsResource(name: string, { bundle }: WorkloadSecret): SecretResource {
  return validationContext(name, Buffer.from(bundle.toPem()));
}

/** Roots to trust, in PEM. */
export function validationContext(name: string, trustedCa: Uint8Array): SecretResource {
  return { name, version: versionOf(trustedCa), secret: { kind: "validationContext", name, trustedCa } };
}

/** A chain and the key that belongs to it, in PEM. The leaf names its key, so the version needs no look at the private half. */
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
