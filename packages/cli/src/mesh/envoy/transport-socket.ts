import { sdsSecret } from "./sds.ts";

/** A SPIFFE ID, or the prefix of all that are accepted, such as `spiffe://cluster.local/`. */
export type PeerMatch = string | { readonly prefix: string };

/**
 * The server side: requires a certificate whose URI SAN is one of `peers`, and disables session resumption.
 */
export function downstreamTls(peers: readonly PeerMatch[]) {
  return {
    name: "envoy.transport_sockets.tls",
    typed_config: {
      "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext",
      require_client_certificate: true,
      // A resumed session would skip the certificates; every connection must verify both identities.
      disable_stateless_session_resumption: true,
      disable_stateful_session_resumption: true,
      common_tls_context: commonTls(peers),
    },
  };
}

/** The client side: accepts only the SPIFFE ID `peer`, and keeps no sessions. */
export function upstreamTls(peer: string) {
  return {
    name: "envoy.transport_sockets.tls",
    typed_config: {
      "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext",
      max_session_keys: 0,
      common_tls_context: commonTls([peer]),
    },
  };
}

function commonTls(peers: readonly PeerMatch[]) {
  return {
    tls_params: { tls_minimum_protocol_version: "TLSv1_2", tls_maximum_protocol_version: "TLSv1_3" },
    tls_certificate_sds_secret_configs: [sdsSecret("default")],
    combined_validation_context: {
      default_validation_context: {
        match_typed_subject_alt_names: peers.map((peer) => ({
          san_type: "URI",
          matcher: typeof peer === "string" ? { exact: peer } : peer,
        })),
      },
      validation_context_sds_secret_config: sdsSecret("ROOTCA"),
    },
  };
}
