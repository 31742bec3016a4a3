/**
 * One JSON object per request, with the peer's SPIFFE ID and certificate serial,
 * so that a request can be joined with the CA's record of the certificate that made it.
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
          tls: "%DOWNSTREAM_TLS_VERSION%",
          duration_ms: "%DURATION%",
        },
      },
    },
  };
}
