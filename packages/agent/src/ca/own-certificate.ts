import { Secret } from "@kasbah/runtime";
import type { SecretStore } from "../secret-store.ts";
import type { HeldCertificate } from "./credentials.ts";

/** The certificate that is served, to be shown to the CA; undefined before the first and after its end. */
export function ownCertificate(store: SecretStore): HeldCertificate | undefined {
  const secret = store.unexpired;
  if (secret === undefined) return undefined;
  const { spiffeId, leaf, intermediates, keyPair } = secret;
  const chainPem = [leaf, ...intermediates].map((one) => one.toPem()).join("");
  return { spiffeId, chainPem, key: new Secret(keyPair.toPkcs8Pem()) };
}
