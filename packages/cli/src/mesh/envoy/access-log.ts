/** The path that means Envoy's own output. */
export const standardOutput = "/dev/stdout";

/**
 * One JSON object per request with the SPIFFE ID and the certificate serial of the caller, to join with the
 * CA's ledger, and the SPIFFE ID of the upstream (Envoy has no serial for it). Unknown values are null.
 */
export function jsonAccessLog(path: string) {
  return {
    name: path === standardOutput ? "envoy.access_loggers.stdout" : "envoy.access_loggers.file",
    typed_config: {
      ...targetOf(path),
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

/** A parent that reads our output may have connected it by a socket, which no path opens. */
function targetOf(path: string) {
  const type = "type.googleapis.com/envoy.extensions.access_loggers";
  return path === standardOutput
    ? { "@type": `${type}.stream.v3.StdoutAccessLog` }
    : { "@type": `${type}.file.v3.FileAccessLog`, path };
}
