import { envoy } from "../generated/messages.js";
import type { Codec, Method } from "./codec.ts";

const discovery = envoy.service.discovery.v3;
const tls = envoy.extensions.transport_sockets.tls.v3;

/** The type URL of SDS, in requests, responses and around each resource. */
export const secretTypeUrl = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret";

/** What an SDS client says on its stream: a subscription, an ACK or a NACK. */
export interface DiscoveryRequest {
  readonly versionInfo: string;
  /** Envoy sends its node on the first message only; "" later. */
  readonly nodeId: string;
  readonly resourceNames: readonly string[];
  readonly typeUrl: string;
  readonly responseNonce: string;
  /** The client's own words when it refuses what it was sent (NACK). */
  readonly errorDetail?: { readonly code: number; readonly message: string };
}

/** A key pair and its chain, or the roots to trust, under a resource name. Contents are PEM. */
export type Secret =
  | {
      readonly kind: "tlsCertificate";
      readonly name: string;
      readonly certificateChain: Uint8Array;
      readonly privateKey: Uint8Array;
    }
  | { readonly kind: "validationContext"; readonly name: string; readonly trustedCa: Uint8Array };

export interface DiscoveryResponse {
  readonly versionInfo: string;
  readonly nonce: string;
  readonly resources: readonly Secret[];
}

const discoveryRequest: Codec<DiscoveryRequest> = {
  encode: ({ nodeId, resourceNames, errorDetail, ...rest }) =>
    discovery.DiscoveryRequest.encode({
      ...rest,
      node: nodeId === "" ? null : { id: nodeId },
      resourceNames: [...resourceNames],
      errorDetail: errorDetail ?? null,
    }).finish(),
  decode: (bytes) => {
    const { versionInfo, node, resourceNames, typeUrl, responseNonce, errorDetail } =
      discovery.DiscoveryRequest.decode(bytes);
    const request = { versionInfo, nodeId: node?.id ?? "", resourceNames, typeUrl, responseNonce };
    if (!errorDetail) return request;
    return { ...request, errorDetail: { code: errorDetail.code ?? 0, message: errorDetail.message ?? "" } };
  },
};

const discoveryResponse: Codec<DiscoveryResponse> = {
  encode: ({ versionInfo, nonce, resources }) =>
    discovery.DiscoveryResponse.encode({
      versionInfo,
      nonce,
      typeUrl: secretTypeUrl,
      resources: resources.map((secret) => ({ type_url: secretTypeUrl, value: encodeSecret(secret) })),
    }).finish(),
  decode: (bytes) => {
    const { versionInfo, nonce, resources } = discovery.DiscoveryResponse.decode(bytes);
    return { versionInfo, nonce, resources: resources.map(({ value }) => decodeSecret(value)) };
  },
};

/** `envoy.service.secret.v3.SecretDiscoveryService/StreamSecrets`. */
export const streamSecrets: Method<DiscoveryRequest, DiscoveryResponse> = {
  path: "/envoy.service.secret.v3.SecretDiscoveryService/StreamSecrets",
  request: discoveryRequest,
  response: discoveryResponse,
};

function encodeSecret(secret: Secret): Uint8Array {
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

function decodeSecret(value: Uint8Array | null | undefined): Secret {
  const { name, tlsCertificate, validationContext } = tls.Secret.decode(value ?? new Uint8Array());
  if (validationContext) {
    return { kind: "validationContext", name, trustedCa: inline(validationContext.trustedCa) };
  }
  if (!tlsCertificate) throw new TypeError("the secret holds neither a certificate nor a validation context");
  const certificateChain = inline(tlsCertificate.certificateChain);
  return { kind: "tlsCertificate", name, certificateChain, privateKey: inline(tlsCertificate.privateKey) };
}

type DataSource = envoy.config.core.v3.DataSource.$Properties | null | undefined;

/** Contents that stand in a file of the server's are not followed: they read as empty. */
function inline(source: DataSource): Uint8Array {
  return source?.inlineBytes ?? new TextEncoder().encode(source?.inlineString ?? "");
}
