import assert from "node:assert/strict";
import { type WorkloadKeyOptions, workloadKeyOf } from "./workload-key.ts";

const nothing: WorkloadKeyOptions = {
  eccSignatureAlgorithm: undefined,
  eccCurve: undefined,
  workloadRsaKeySize: undefined,
  pkcs8Key: false,
};
const typeOf = (asked: Partial<WorkloadKeyOptions>) => workloadKeyOf({ ...nothing, ...asked }).keyType;

describe("The keys that are asked for", () => {
  it("are P-256 when nothing is", () => {
    assert.deepEqual(workloadKeyOf(nothing), { keyType: "P-256", keyFormat: "traditional" });
  });

  it("are RSA when a size of RSA is given and ECDSA is not, whatever the curve, as in Istio", () => {
    assert.equal(typeOf({ workloadRsaKeySize: "3072" }), "RSA-3072");
    assert.equal(typeOf({ workloadRsaKeySize: "4096", eccCurve: "P384" }), "RSA-4096");
  });

  it("are on the curve that is named when ECDSA is asked for, whatever the size of RSA, as in Istio", () => {
    assert.equal(typeOf({ eccSignatureAlgorithm: "ECDSA" }), "P-256");
    assert.equal(typeOf({ eccSignatureAlgorithm: "ECDSA", workloadRsaKeySize: "2048" }), "P-256");
    assert.equal(typeOf({ eccSignatureAlgorithm: "ECDSA", eccCurve: "P384" }), "P-384");
    assert.equal(typeOf({ eccCurve: "P384" }), "P-384");
  });

  it("are written as PKCS#8 on request", () => {
    assert.equal(workloadKeyOf({ ...nothing, pkcs8Key: true }).keyFormat, "pkcs8");
  });
});
