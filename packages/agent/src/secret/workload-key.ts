import { type KeyFormat, type KeyType, type KeyTypeIn, keyTypesIn } from "@kasbah/pki";

/** Istio's name of a key type: `P256` for P-256, `2048` for RSA-2048. */
type IstioName<Name> = Name extends `P-${infer Bits}`
  ? `P${Bits}`
  : Name extends `RSA-${infer Bits}`
    ? Bits
    : never;

type EccCurve = IstioName<KeyTypeIn<"EC">>;
type RsaKeySize = IstioName<KeyTypeIn<"RSA">>;

const curves = new Map(keyTypesIn("EC").map((name) => [name.replace("-", "") as EccCurve, name]));
const sizes = new Map(keyTypesIn("RSA").map((name) => [name.slice("RSA-".length) as RsaKeySize, name]));

/** The curves that Istio's `ECC_CURVE` may name. */
export const eccCurves = [...curves.keys()];

/** The sizes that Istio's `WORKLOAD_RSA_KEY_SIZE` may name. */
export const rsaKeySizes = [...sizes.keys()];

/** The requested key type and format, in Istio's terms. */
export interface WorkloadKeyOptions {
  readonly eccSignatureAlgorithm: "ECDSA" | undefined;
  readonly eccCurve: EccCurve | undefined;
  readonly workloadRsaKeySize: RsaKeySize | undefined;
  readonly pkcs8Key: boolean;
}

/**
 * Returns the key type and format. As in Istio, an RSA size selects RSA unless ECDSA is named. The default is
 * P-256, where Istio uses RSA-2048: it is a hundred times faster and no weaker.
 */
export function workloadKeyOf(options: WorkloadKeyOptions): {
  readonly keyType: KeyType;
  readonly keyFormat: KeyFormat;
} {
  const { eccSignatureAlgorithm, eccCurve = "P256", workloadRsaKeySize } = options;
  const rsa = workloadRsaKeySize === undefined ? undefined : sizes.get(workloadRsaKeySize);
  const ec = curves.get(eccCurve) ?? "P-256";
  return {
    keyType: eccSignatureAlgorithm === undefined ? (rsa ?? ec) : ec,
    keyFormat: options.pkcs8Key ? "pkcs8" : "traditional",
  };
}
