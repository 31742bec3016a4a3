import type { PublishedFile } from "@kasbah/runtime";
import type { OutputLayout } from "../../config/output/layout.ts";
import { type OutputPart, trustDomainMark } from "../../config/output/shapes.ts";
import { chainPem } from "../../secret/certificate-chain.ts";
import type { WorkloadSecret } from "../../secret/secret-store.ts";

/** The files that show a secret. The same secret always gives the same bytes. */
export type RenderFiles = (secret: WorkloadSecret) => readonly PublishedFile[];

/** The parts that are not PEM. Their code is loaded only if they are configured. */
export interface StoreWriter {
  pkcs12(secret: WorkloadSecret): Uint8Array;
  truststore(secret: WorkloadSecret): Uint8Array;
}

type PemPart = Exclude<OutputPart, keyof StoreWriter>;

const pemContents: Readonly<Record<PemPart, (secret: WorkloadSecret) => string>> = {
  key: keyPem,
  "cert-chain": ownChainPem,
  "root-cert": rootsPem,
  combined: (secret) => keyPem(secret) + ownChainPem(secret),
  // Kubernetes and SPIFFE require PKCS#8, even if other files have another format.
  "credential-bundle": (secret) => secret.keyPair.toPkcs8Pem() + ownChainPem(secret),
  "trust-bundle": rootsPem,
};

/** Returns the files of a layout for one secret. */
export function renderFiles(
  secret: WorkloadSecret,
  layout: OutputLayout,
  stores?: StoreWriter,
): readonly PublishedFile[] {
  const trustDomain = secret.spiffeId.trustDomain.toString();
  return layout.map(({ part, name, mode }) => ({
    name: name.replaceAll(trustDomainMark, trustDomain),
    bytes: isStore(part) ? storeBytes(part, secret, stores) : pemContents[part](secret),
    mode,
  }));
}

function isStore(part: OutputPart): part is keyof StoreWriter {
  return part === "pkcs12" || part === "truststore";
}

function storeBytes(part: keyof StoreWriter, secret: WorkloadSecret, stores?: StoreWriter): Uint8Array {
  if (stores === undefined) throw new TypeError(`${part} requires the writer of PKCS#12`);
  return stores[part](secret);
}

function keyPem({ keyPair, keyFormat }: WorkloadSecret): string {
  return keyPair.toPem(keyFormat);
}

/** The chain excludes the root, as over SDS: some peers reject a handshake that contains it. */
function ownChainPem({ leaf, intermediates }: WorkloadSecret): string {
  return chainPem([leaf, ...intermediates]);
}

function rootsPem({ bundle }: WorkloadSecret): string {
  return bundle.toPem();
}
