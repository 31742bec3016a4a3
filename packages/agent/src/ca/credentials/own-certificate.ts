import { Secret } from "@kasbah/runtime";
import { chainPem } from "../../secret/certificate-chain.ts";
import type { SecretStore } from "../../secret/secret-store.ts";
import type { HeldCertificate } from "./credentials.ts";

/**
 * Returns the served certificate for authenticating to the CA; undefined before the first one and after it
 * expires.
 */
export function ownCertificate(store: SecretStore): HeldCertificate | undefined {
  const secret = store.unexpired;
  if (secret === undefined) return undefined;
  const { spiffeId, leaf, intermediates, keyPair } = secret;

  return { spiffeId, chainPem: chainPem([leaf, ...intermediates]), key: new Secret(keyPair.toPkcs8Pem()) };
}
