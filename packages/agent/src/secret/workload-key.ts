import type { KeyFormat, KeyType } from "@kasbah/pki";

/** What is asked of the workload's keys, in Istio's words. */
export interface WorkloadKeyOptions {
  readonly eccSignatureAlgorithm: "ECDSA" | undefined;
  readonly eccCurve: "P256" | "P384" | undefined;
  readonly workloadRsaKeySize: "2048" | "3072" | "4096" | undefined;
  readonly pkcs8Key: boolean;
}

/**
 * The keys to make and how to write them. As in Istio an RSA size means RSA, unless ECDSA is asked for by name; where
 * nothing is asked for, Istio makes RSA-2048 and we make P-256, which is a hundred times faster and no weaker.
 */
export function workloadKeyOf(options: WorkloadKeyOptions): {
  readonly keyType: KeyType;
  readonly keyFormat: KeyFormat;
} {
  const keyFormat = options.pkcs8Key ? "pkcs8" : "traditional";
  const { eccSignatureAlgorithm, workloadRsaKeySize } = options;
  if (eccSignatureAlgorithm === undefined && workloadRsaKeySize !== undefined) {
    return { keyType: `RSA-${workloadRsaKeySize}`, keyFormat };
  }
  return { keyType: options.eccCurve === "P384" ? "P-384" : "P-256", keyFormat };
}
