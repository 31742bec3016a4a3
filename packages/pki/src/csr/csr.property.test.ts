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

/** Refused with a code of ours, or, when nothing of it was changed, understood: no third way. */
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

describe("a request that somebody changed", () => {
  it("is refused whichever bit was flipped", () => {
    for (let at = 0; at < der.length; at += 1) {
      for (let bit = 0; bit < 8; bit += 1) {
        assertRefused(encodePem(label, der.with(at, (der[at] ?? 0) ^ (1 << bit))));
      }
    }
  });

  it("is refused when cut off, wherever", () => {
    for (let length = 0; length < der.length; length += 1)
      assertRefused(encodePem(label, der.subarray(0, length)));
  });

  it("is refused when octets were put in or taken out", () => {
    fc.assert(
      fc.property(position, fc.nat({ max: 3 }), fc.uint8Array({ maxLength: 4 }), (at, removed, added) => {
        const changed = new Uint8Array([...der.subarray(0, at), ...added, ...der.subarray(at + removed)]);
        fc.pre(Buffer.compare(changed, der) !== 0);
        assertRefused(encodePem(label, changed));
      }),
    );
  });

  it("is refused when a length was written in a longer form", () => {
    for (let at = 1; at < der.length; at += 1) {
      assertRefused(encodePem(label, new Uint8Array([...der.subarray(0, at), 0x81, ...der.subarray(at)])));
    }
  });

  it("is refused or means the same key when its text was changed", () => {
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

  it("is refused when it is no request at all", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => assertRefused(encodePem(label, bytes))),
    );
    fc.assert(fc.property(fc.string({ maxLength: 300 }), (text) => assertRefused(text)));
  });
});
