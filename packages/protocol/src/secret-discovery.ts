import { envoy } from "../generated/messages.js";
import type { Codec, Method } from "./codec.ts";
import { decodeSecret, packSecret, type SdsSecret, secretTypeUrl } from "./secret.ts";

const discovery = envoy.service.discovery.v3;

/** A client's message on an SDS stream: a subscription, an ACK or a NACK. */
export interface DiscoveryRequest {
  readonly versionInfo: string;
  /** Envoy sends its node ID in the first message only; "" later. */
  readonly nodeId: string;
  readonly resourceNames: readonly string[];
  readonly typeUrl: string;
  readonly responseNonce: string;
  /** The client's reason for a NACK. */
  readonly errorDetail?: { readonly code: number; readonly message: string };
}

export interface DiscoveryResponse {
  readonly versionInfo: string;
  readonly nonce: string;
  readonly resources: readonly SdsSecret[];
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
      resources: resources.map(packSecret),
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

/**
 * `envoy.service.secret.v3.SecretDiscoveryService/FetchSecrets`: one request and one response, with the same
 * messages.
 */
export const fetchSecrets: Method<DiscoveryRequest, DiscoveryResponse> = {
  path: "/envoy.service.secret.v3.SecretDiscoveryService/FetchSecrets",
  request: discoveryRequest,
  response: discoveryResponse,
};
