/** Stock agents connect to `localhost` with the last name as the server name (pilot/pkg/grpc/tls.go). */
const alwaysNames = ["localhost", "127.0.0.1", "::1", "istiod.istio-system.svc"];

/** The DNS names and IP addresses of the CA's own serving certificate. */
export function servingNames(additional: readonly string[]): readonly string[] {
  return [...new Set([...alwaysNames, ...additional])];
}
