/** The names that Istio's agent reads and writes. */
export const mountedNames = { chain: "cert-chain.pem", key: "key.pem", roots: "root-cert.pem" } as const;
