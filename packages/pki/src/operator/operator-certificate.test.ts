import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { throwsWithCode } from "@kasbah/testkit";
import { parseCertificate } from "../certificate/certificate.ts";
import { findPemBlocks } from "../pem/scan-pem.ts";
import { OperatorCertificate } from "./operator-certificate.ts";

const bundle = "/etc/ssl/certs/ca-certificates.crt";

function selfSigned(...newkey: string[]): Buffer {
  const args = [
    "req",
    "-x509",
    ...newkey,
    "-nodes",
    "-subj",
    "/CN=x",
    "-keyout",
    "/dev/null",
    "-outform",
    "DER",
  ];
  return execFileSync("openssl", args, { stdio: "pipe" });
}

/** The certificate with the only occurrence of `from` replaced by `to` of the same length. */
function changed(der: Buffer, from: Buffer, to: Buffer): Buffer {
  const at = der.indexOf(from);
  assert.ok(at !== -1 && from.length === to.length);
  return Buffer.concat([der.subarray(0, at), to, der.subarray(at + to.length)]);
}

describe("OperatorCertificate", () => {
  const ec = (curve: string) => selfSigned("-newkey", "ec", "-pkeyopt", `ec_paramgen_curve:${curve}`);
  const point = (der: Buffer, header: string) => {
    const at = der.indexOf(Buffer.from(header, "hex")) + header.length / 2;
    return der.subarray(at, at + 4);
  };

  it("rejects trailing bytes, encodings that are not DER, and empty input", () => {
    const der = ec("P-256");
    for (const bytes of [
      Buffer.alloc(0),
      Buffer.from("hello"),
      Buffer.concat([der, Buffer.of(0)]),
      der.subarray(0, -1),
      Buffer.concat([Buffer.of(0x30, 0x80), der.subarray(4), Buffer.of(0, 0)]),
    ]) {
      throwsWithCode(() => new OperatorCertificate(bytes), "CERTIFICATE_MALFORMED");
    }
  });

  it("rejects compressed points, points off the curve and explicit curves", () => {
    const p256 = ec("P-256");
    const off = point(p256, "034200");
    throwsWithCode(
      () => new OperatorCertificate(changed(p256, off, Buffer.from([4, 1, 2, 3]))),
      "KEY_REJECTED",
    );
    throwsWithCode(
      () => new OperatorCertificate(changed(p256, off, Buffer.from([2, ...off.subarray(1)]))),
      "KEY_REJECTED",
    );
    const p521 = ec("P-521");
    const other = point(p521, "03818600");
    throwsWithCode(
      () => new OperatorCertificate(changed(p521, other, Buffer.from([0, ...other.subarray(1)]))),
      "KEY_REJECTED",
    );
    const explicit = selfSigned(
      ...["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-pkeyopt", "ec_param_enc:explicit"],
    );
    throwsWithCode(() => new OperatorCertificate(explicit), "KEY_REJECTED");
  });

  it("accepts public CAs' certificates that our strict parser rejects", function () {
    if (!existsSync(bundle)) return this.skip();
    const all = findPemBlocks(readFileSync(bundle, "utf8"));
    for (const { der } of all) {
      const certificate = new OperatorCertificate(der);
      assert.equal(Buffer.from(findPemBlocks(certificate.toPem())[0]?.der ?? []).equals(der), true);
      assert.ok(certificate.notAfter > certificate.notBefore);
    }
    assert.ok(all.some(({ der }) => isRefused(der)));
  });
});

function isRefused(der: Uint8Array): boolean {
  try {
    parseCertificate(der);
    return false;
  } catch {
    return true;
  }
}
