import { envoy } from "../generated/messages.js";

const tls = envoy.extensions.transport_sockets.tls.v3;

/** The type URL of SDS secrets, in requests, in responses and around each resource. */
export const secretTypeUrl = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret";

/** A key pair with its chain, or trusted roots, under a resource name. Contents are PEM. */
export type SdsSecret =
  | {
      readonly kind: "tlsCertificate";
      readonly name: string;
      readonly certificateChain: Uint8Array;
      readonly privateKey: Uint8Array;
    }
  | { readonly kind: "validationContext"; readonly name: string; readonly trustedCa: Uint8Array };

/** Wraps a secret in an `Any`. */
export function packSecret(secret: SdsSecret): { type_url: string; value: Uint8Array } {
  return { type_url: secretTypeUrl, value: encodeSecret(secret) };
}

function encodeSecret(secret: SdsSecret): Uint8Array {
  const { name } = secret;
  if (secret.kind === "validationContext") {
    const validationContext = { trustedCa: { inlineBytes: secret.trustedCa } };
    return tls.Secret.encode({ name, validationContext }).finish();
  }
  const tlsCertificate = {
    certificateChain: { inlineBytes: secret.certificateChain },
    privateKey: { inlineBytes: secret.privateKey },
  };
  return tls.Secret.encode({ name, tlsCertificate }).finish();
}

/** Reads the output of {@link packSecret}. Throws if the secret is of another type. */
export function decodeSecret(value: Uint8Array | null | undefined): SdsSecret {
  const { name, tlsCertificate, validationContext } = tls.Secret.decode(value ?? new Uint8Array());
  if (validationContext) {
    return { kind: "validationContext", name, trustedCa: inline(validationContext.trustedCa) };
  }
  if (!tlsCertificate)
    throw new TypeError("the secret contains neither a certificate nor a validation context");
  const certificateChain = inline(tlsCertificate.certificateChain);
  return { kind: "tlsCertificate", name, certificateChain, privateKey: inline(tlsCertificate.privateKey) };
}

type DataSource = envoy.config.core.v3.DataSource.$Properties | null | undefined;

/** Does not follow references to files on the server: they read as empty. */
function inline(source: DataSource): Uint8Array {
  return source?.inlineBytes ?? new TextEncoder().encode(source?.inlineString ?? "");
}
