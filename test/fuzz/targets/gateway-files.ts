import assert from "node:assert/strict";
import { encodePem, findPemBlocks } from "@kasbah/pki";
import { OperatorCertificate } from "@kasbah/pki/operator-certificate";
import { parseFileName, pathsOf } from "../../../packages/agent/src/gateway-files/resource-name.ts";
import { parseRoots } from "../../../packages/agent/src/gateway-files/root-file.ts";
import { leafDer, operatorRootDer, rootDer } from "../corpus.ts";
import { derMutants, textMutants } from "../mutants.ts";
import { bytesOf, read, type Target, textOf } from "../target.ts";

const certificates = [leafDer, rootDer, operatorRootDer];
const pem = certificates.map((der) => encodePem("CERTIFICATE", der));
const words = [
  "-----BEGIN CERTIFICATE-----\n",
  "-----END CERTIFICATE-----\n",
  "-----BEGIN ",
  "\n\n",
  "\r\n",
  " ",
  "\u0000",
];
const names = [
  "file-cert:/etc/certs/cert.pem~./etc/certs/key.pem",
  "file-root:/etc/istio/ca.crt",
  "file-root:system",
];

/**
 * Certificates of public CAs, which are passed on: OpenSSL must read every accepted one the same way,
 * including its key.
 */
export const operatorCertificate: Target = {
  name: "operator-certificate",
  valid: certificates,
  inputs: derMutants(certificates),
  check(der) {
    const certificate = read(() => new OperatorCertificate(der));
    if (certificate === undefined) return "refused";
    const [block] = findPemBlocks(certificate.value.toPem());
    assert.deepEqual(new Uint8Array(block?.der ?? []), new Uint8Array(der), "its PEM is another certificate");
    try {
      // Node.js has aborted the process here for a point that is not on the curve.
      assert.ok(certificate.value.publicKey.asymmetricKeyDetails !== undefined);
    } catch (error) {
      assert.ok(error instanceof Error && !(error instanceof assert.AssertionError), "a key without a type");
    }
    return "accepted";
  },
};

export const rootFile: Target = {
  name: "root-file",
  valid: [pem.join(""), `# roots\r\n${pem.join("\n").replaceAll("\n", "\r\n")}`].map(bytesOf),
  inputs: textMutants([bytesOf(pem.join(""))], words),
  check(bytes) {
    const roots = read(() => parseRoots(Buffer.from(bytes)));
    if (roots === undefined) return "refused";
    const again = parseRoots(Buffer.from(roots.value.pem));
    assert.deepEqual(again, { ...roots.value, skipped: [] }, "its own output parses differently");
    return "accepted";
  },
};

/** File names that a client chooses: none may leave the directory, be truncated, or split in two ways. */
export const fileName: Target = {
  name: "file-name",
  valid: names.map(bytesOf),
  inputs: textMutants(names.map(bytesOf), [
    "..",
    "/../",
    "~",
    "//",
    "/./",
    "\u0000",
    "file-cert:",
    "system",
    "．．/",
  ]),
  check(bytes) {
    const text = textOf(bytes);
    const files = parseFileName(text);
    if (files === undefined) return "refused";
    for (const path of pathsOf(files)) {
      assert.match(path, /^\.?\/[^~\p{Cc}]+$/u);
      assert.ok(!path.split("/").includes(".."), "it leaves the directory");
    }
    if (files.kind === "pair") assert.equal(text, `file-cert:${files.certificate}~${files.key}`);
    return "accepted";
  },
};
