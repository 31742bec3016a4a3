import { Secret } from "@kasbah/runtime";
import { chainPem } from "../../secret/certificate-chain.ts";
import type { SecretStore } from "../../secret/secret-store.ts";
import type { HeldCertificate } from "./credentials.ts";

/** The certificate that is served, to be shown to the CA; undefined before the first and after its end. */
export function ownCertificate(store: SecretStore): HeldCertificate | undefined {
  const secret = store.unexpired;
  if (secret === undefined) return undefined;
  const { spiffeId, leaf, intermediates, keyPair } = secret;

  return { spiffeId, chainPem: chainPem([leaf, ...intermediates]), key: new Secret(keyPair.toPkcs8Pem()) };
}
