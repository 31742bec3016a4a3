import assert from "node:assert/strict";
import { type WorkloadKeyOptions, workloadKeyOf } from "./workload-key.ts";

const nothing: WorkloadKeyOptions = {
  eccSignatureAlgorithm: undefined,
  eccCurve: undefined,
  workloadRsaKeySize: undefined,
  pkcs8Key: false,
};
const typeOf = (asked: Partial<WorkloadKeyOptions>) => workloadKeyOf({ ...nothing, ...asked }).keyType;

describe("workloadKeyOf", () => {
  it("returns P-256 by default", () => {
    assert.deepEqual(workloadKeyOf(nothing), { keyType: "P-256", keyFormat: "traditional" });
  });

  it("returns RSA if a size is set and ECDSA is not named, regardless of the curve, as in Istio", () => {
    assert.equal(typeOf({ workloadRsaKeySize: "3072" }), "RSA-3072");
    assert.equal(typeOf({ workloadRsaKeySize: "4096", eccCurve: "P384" }), "RSA-4096");
  });

  it("returns the named curve if ECDSA is named, regardless of the RSA size, as in Istio", () => {
    assert.equal(typeOf({ eccSignatureAlgorithm: "ECDSA" }), "P-256");
    assert.equal(typeOf({ eccSignatureAlgorithm: "ECDSA", workloadRsaKeySize: "2048" }), "P-256");
    assert.equal(typeOf({ eccSignatureAlgorithm: "ECDSA", eccCurve: "P384" }), "P-384");
    assert.equal(typeOf({ eccCurve: "P384" }), "P-384");
  });

  it("returns PKCS#8 if configured", () => {
    assert.equal(workloadKeyOf({ ...nothing, pkcs8Key: true }).keyFormat, "pkcs8");
  });
});
