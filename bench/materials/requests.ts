import { createCertificateRequest, createKeyPair, KeyPair, parseSpiffeId } from "@kasbah/pki";
import { rsaKeys } from "./rsa-keys.ts";
import { workloadAt } from "./workload.ts";

/** The key types of workloads that are measured. */
export type RequestKey = "P-256" | "P-384" | "RSA-2048";

/** A PEM CSR with the private key that it was signed with. */
export interface Request {
  readonly csr: string;
  readonly key: string;
}

/** Creates the request of the workload at an index, each with a new key. */
export function requestMaker(type: RequestKey): (index: number) => Promise<Request> {
  const nextRsaKey = rsaKeys();
  return async (index) => {
    const keyPair = type === "RSA-2048" ? new KeyPair(nextRsaKey()) : await createKeyPair(type);
    const csr = createCertificateRequest(keyPair, parseSpiffeId(workloadAt(index).spiffeId));
    return { csr, key: keyPair.toPkcs8Pem() };
  };
}
