/**
 * One JSON object per request, with the SPIFFE ID and certificate serial of the caller, and the SPIFFE ID of whom the
 * request went to (Envoy tells no serial of it), so that it can be joined with the CA's record. What Envoy has not is null.
 */
export function jsonAccessLog(path: string) {
  return {
    name: "envoy.access_loggers.file",
    typed_config: {
      "@type": "type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog",
      path,
      log_format: {
        json_format: {
          time: "%START_TIME%",
          method: "%REQ(:METHOD)%",
          path: "%REQ(:PATH)%",
          status: "%RESPONSE_CODE%",
          flags: "%RESPONSE_FLAGS%",
          peer: "%DOWNSTREAM_PEER_URI_SAN%",
          serial: "%DOWNSTREAM_PEER_SERIAL%",
          upstream_peer: "%UPSTREAM_PEER_URI_SAN%",
          tls: "%DOWNSTREAM_TLS_VERSION%",
          duration_ms: "%DURATION%",
        },
      },
    },
  };
}
