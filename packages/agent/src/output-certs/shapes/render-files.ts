import type { PublishedFile } from "@kasbah/runtime";
import type { OutputLayout, OutputPart } from "../../config/output-layout.ts";
import { chainPem } from "../../secret/certificate-chain.ts";
import type { WorkloadSecret } from "../../secret/secret-store.ts";

/** The files that show a secret. The same secret always gives the same bytes. */
export type RenderFiles = (secret: WorkloadSecret) => readonly PublishedFile[];

/** The chain excludes the root, as over SDS: some peers reject a handshake that contains it. */
const contents: Readonly<Record<OutputPart, (secret: WorkloadSecret) => string>> = {
  key: ({ keyPair, keyFormat }) => keyPair.toPem(keyFormat),
  "cert-chain": ({ leaf, intermediates }) => chainPem([leaf, ...intermediates]),
  "root-cert": ({ bundle }) => bundle.toPem(),
};

/** Returns the files of a layout for one secret. */
export function renderFiles(secret: WorkloadSecret, layout: OutputLayout): readonly PublishedFile[] {
  return layout.map(({ part, name, mode }) => ({ name, bytes: contents[part](secret), mode }));
}
