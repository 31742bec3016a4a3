import assert from "node:assert/strict";
import fc from "fast-check";
import { parseFileName } from "./resource-name.ts";

describe("parseFileName", () => {
  const long = `/${"a".repeat(10_000)}`;
  for (const [what, name] of [
    ["no text after the colon", "file-cert:"],
    ["no key", "file-cert:/a/cert.pem"],
    ["an empty key", "file-cert:/a/cert.pem~"],
    ["an empty certificate", "file-cert:~/a/key.pem"],
    ["two tildes", "file-cert:/a/cert.pem~/a/key.pem~/etc/shadow"],
    ["two tildes in a row", "file-cert:/a/cert.pem~~/a/key.pem"],
    ["a NUL", "file-cert:/a/cert.pem\0~/a/key.pem"],
    ["a NUL in a root", "file-root:/etc/passwd\0.pem"],
    ["a line break", "file-root:/a/root\n.pem"],
    ["a C1 control character", "file-root:/a/root\u0085.pem"],
    ["an unpaired surrogate", "file-root:/a/\ud800"],
    ["a parent directory", "file-cert:/etc/certs/../shadow~/etc/certs/key.pem"],
    ["a parent directory in the key", "file-cert:/etc/certs/cert.pem~/etc/certs/../../root/key.pem"],
    ["a parent directory in a root", "file-root:./etc/certs/../../secret"],
    ["a relative path without a dot", "file-root:etc/certs/root.pem"],
    ["a home directory", "file-root:~/root.pem"],
    ["a tilde in a root", "file-root:/a~b"],
    ["a directory", "file-root:/etc/certs/"],
    ["the root directory", "file-root:/"],
    ["the working directory", "file-root:./"],
    ["two slashes", "file-root://etc/certs/root.pem"],
    ["a dot segment", "file-root:/etc/./certs/root.pem"],
    ["ten kilobytes", `file-root:${long}`],
    ["ten kilobytes in a pair", `file-cert:/a~${long}`],
    ["upper case", "FILE-CERT:/a~/b"],
    ["a leading space", " file-root:system"],
    ["a path after system", "file-root:system/x"],
    ["another scheme", "file:///etc/passwd"],
    ["the workload's own name", "default"],
    ["no characters", ""],
  ]) {
    it(`rejects a file name with ${what}`, () => {
      assert.equal(parseFileName(name ?? ""), undefined);
    });
  }

  it("parses a certificate and its key as Istio writes them", () => {
    assert.deepEqual(parseFileName("file-cert:./etc/certs/cert-chain.pem~/etc/istio/key.pem"), {
      kind: "pair",
      certificate: "./etc/certs/cert-chain.pem",
      key: "/etc/istio/key.pem",
    });
  });

  it("parses roots, in any script, and those of the system", () => {
    assert.deepEqual(parseFileName("file-root:/etc/istio/корень.pem"), {
      kind: "roots",
      path: "/etc/istio/корень.pem",
    });
    assert.deepEqual(parseFileName("file-root:/etc/istio/..data/ca.crt"), {
      kind: "roots",
      path: "/etc/istio/..data/ca.crt",
    });
    assert.deepEqual(parseFileName("file-root:system"), { kind: "system-roots" });
  });

  it("never returns a path that goes up, is truncated or is relative without a dot", () => {
    const piece = fc.constantFrom("file-cert:", "file-root:", "/", "..", ".", "~", "\0", "a", "system", "é");
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const found = parseFileName(pieces.join(""));
        if (found === undefined || found.kind === "system-roots") return;
        for (const path of found.kind === "pair" ? [found.certificate, found.key] : [found.path]) {
          assert.match(path, /^\.?\/[^~\0]+$/);
          assert.ok(!path.split("/").includes(".."));
        }
      }),
      { numRuns: 2_000 },
    );
  });
});
