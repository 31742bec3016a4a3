import { envoy } from "../generated/messages.js";
import type { Codec, Method } from "./codec.ts";
import { decodeSecret, packSecret, type SdsSecret, secretTypeUrl } from "./secret.ts";

const discovery = envoy.service.discovery.v3;

/** A client's message on a delta SDS stream: a change of its subscription, an ACK or a NACK. */
export interface DeltaDiscoveryRequest {
  /** Envoy sends its node ID in the first message only; "" later. */
  readonly nodeId: string;
  readonly typeUrl: string;
  readonly subscribe: readonly string[];
  readonly unsubscribe: readonly string[];
  /**
   * In the first message of a stream: the resources that the client has from an earlier stream, name to
   * version.
   */
  readonly initialVersions: ReadonlyMap<string, string>;
  /** Empty, unless this is an ACK or a NACK. */
  readonly responseNonce: string;
  /** The client's reason for a NACK. */
  readonly errorDetail?: { readonly code: number; readonly message: string };
}

export interface DeltaDiscoveryResponse {
  readonly systemVersionInfo: string;
  readonly nonce: string;
  readonly resources: readonly { readonly version: string; readonly secret: SdsSecret }[];
  /** Names without a resource. */
  readonly removedResources: readonly string[];
}

const request: Codec<DeltaDiscoveryRequest> = {
  encode: ({ nodeId, typeUrl, subscribe, unsubscribe, initialVersions, responseNonce, errorDetail }) =>
    discovery.DeltaDiscoveryRequest.encode({
      node: nodeId === "" ? null : { id: nodeId },
      typeUrl,
      resourceNamesSubscribe: [...subscribe],
      resourceNamesUnsubscribe: [...unsubscribe],
      initialResourceVersions: Object.fromEntries(initialVersions),
      responseNonce,
      errorDetail: errorDetail ?? null,
    }).finish(),
  decode: (bytes) => {
    const message = discovery.DeltaDiscoveryRequest.decode(bytes);
    const { node, typeUrl, responseNonce, errorDetail } = message;
    const decoded = {
      nodeId: node?.id ?? "",
      typeUrl,
      subscribe: message.resourceNamesSubscribe,
      unsubscribe: message.resourceNamesUnsubscribe,
      initialVersions: new Map(Object.entries(message.initialResourceVersions)),
      responseNonce,
    };
    if (!errorDetail) return decoded;
    return { ...decoded, errorDetail: { code: errorDetail.code ?? 0, message: errorDetail.message ?? "" } };
  },
};

const response: Codec<DeltaDiscoveryResponse> = {
  encode: ({ systemVersionInfo, nonce, resources, removedResources }) =>
    discovery.DeltaDiscoveryResponse.encode({
      systemVersionInfo,
      nonce,
      typeUrl: secretTypeUrl,
      resources: resources.map(({ version, secret }) => ({
        name: secret.name,
        version,
        resource: packSecret(secret),
      })),
      removedResources: [...removedResources],
    }).finish(),
  decode: (bytes) => {
    const message = discovery.DeltaDiscoveryResponse.decode(bytes);
    const { systemVersionInfo, nonce, removedResources } = message;
    const resources = message.resources.map(({ version, resource }) => {
      return { version: version ?? "", secret: decodeSecret(resource?.value) };
    });
    return { systemVersionInfo, nonce, resources, removedResources };
  },
};

/** `envoy.service.secret.v3.SecretDiscoveryService/DeltaSecrets`. */
export const deltaSecrets: Method<DeltaDiscoveryRequest, DeltaDiscoveryResponse> = {
  path: "/envoy.service.secret.v3.SecretDiscoveryService/DeltaSecrets",
  request,
  response,
};
