import assert from "node:assert/strict";
import fc from "fast-check";
import { PkiError } from "../errors.ts";
import { forgeRequestDer, label, namesExtension, requestedExtensions, uri } from "../forge.fixture.ts";
import { createKeyPair } from "../keys/key.ts";
import { encodePem } from "../pem/pem.ts";
import { parseCertificateRequest } from "./csr.ts";

const keyPair = await createKeyPair("P-256");
const attributes = requestedExtensions(namesExtension(uri("spiffe://td/ns/a/sa/b")));
const der = forgeRequestDer(keyPair, { attributes });
const pem = encodePem(label, der);

const codes: ReadonlySet<string> = new Set(["CSR_MALFORMED", "CSR_KEY_REJECTED", "CSR_SIGNATURE_INVALID"]);

/** A changed CSR must be rejected with a code of this package; any other outcome fails the test. */
function assertRefused(text: string): void {
  try {
    parseCertificateRequest(text);
  } catch (error) {
    assert.ok(error instanceof PkiError && codes.has(error.code), `${error}`);
    return;
  }
  assert.fail("a changed request was accepted");
}

const position = fc.nat({ max: der.length - 1 });

describe("parseCertificateRequest of a modified CSR", () => {
  it("rejects a CSR with any single bit flipped", () => {
    for (let at = 0; at < der.length; at += 1) {
      for (let bit = 0; bit < 8; bit += 1) {
        assertRefused(encodePem(label, der.with(at, (der[at] ?? 0) ^ (1 << bit))));
      }
    }
  });

  it("rejects a CSR truncated at any octet", () => {
    for (let length = 0; length < der.length; length += 1)
      assertRefused(encodePem(label, der.subarray(0, length)));
  });

  it("rejects a CSR with octets inserted or removed", () => {
    fc.assert(
      fc.property(position, fc.nat({ max: 3 }), fc.uint8Array({ maxLength: 4 }), (at, removed, added) => {
        const changed = new Uint8Array([...der.subarray(0, at), ...added, ...der.subarray(at + removed)]);
        fc.pre(Buffer.compare(changed, der) !== 0);
        assertRefused(encodePem(label, changed));
      }),
    );
  });

  it("rejects a CSR with a length in a longer form", () => {
    for (let at = 1; at < der.length; at += 1) {
      assertRefused(encodePem(label, new Uint8Array([...der.subarray(0, at), 0x81, ...der.subarray(at)])));
    }
  });

  it("rejects a CSR whose PEM text changed, or reads the same key from it", () => {
    fc.assert(
      fc.property(fc.nat({ max: pem.length - 1 }), fc.string({ maxLength: 3 }), (at, text) => {
        const changed = pem.slice(0, at) + text + pem.slice(at + 1);
        try {
          assert.ok(parseCertificateRequest(changed).publicKey.equals(keyPair.publicKey));
        } catch (error) {
          assert.ok(error instanceof PkiError && codes.has(error.code), `${error}`);
        }
      }),
    );
  });

  it("rejects arbitrary bytes and text", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => assertRefused(encodePem(label, bytes))),
    );
    fc.assert(fc.property(fc.string({ maxLength: 300 }), (text) => assertRefused(text)));
  });
});
