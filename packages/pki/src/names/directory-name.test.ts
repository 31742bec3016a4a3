import assert from "node:assert/strict";
import fc from "fast-check";
import { tag } from "../der/tag.ts";
import { encode, encodeOid, encodeSequence } from "../der/writer.ts";
import { nameOf } from "../forge.fixture.ts";
import { oid } from "../oids.ts";
import { isSameName } from "./directory-name.ts";

const name = (text: string, stringTag: number = tag.utf8String) => nameOf(oid.commonName, text, stringTag);
const teletexString = 0x14;
const bmpString = 0x1e;

describe("isSameName", () => {
  const same: Readonly<Record<string, readonly [Uint8Array, Uint8Array]>> = {
    "string type": [name("Root CA"), name("Root CA", tag.printableString)],
    case: [name("Root CA"), name("ROOT ca")],
    "inner spaces": [name("Root CA"), name("Root   CA")],
    "outer spaces": [name("Root CA"), name(" Root CA ")],
    "all of these": [name("Root CA"), name("  root  ca", tag.printableString)],
  };
  for (const [what, [a, b]] of Object.entries(same)) {
    it(`finds two names equal that differ in ${what}`, () => {
      assert.ok(isSameName(a, b) && isSameName(b, a));
    });
  }

  const two = (first: string, second: string) =>
    encodeSequence(
      ...[first, second].map((text) =>
        encode(tag.set, encodeSequence(encodeOid(oid.commonName), encode(tag.utf8String, Buffer.from(text)))),
      ),
    );
  const different: Readonly<Record<string, readonly [Uint8Array, Uint8Array]>> = {
    text: [name("Root CA"), name("Root CB")],
    "a space": [name("Root CA"), name("RootCA")],
    "the type of the attribute": [name("Root CA"), nameOf(oid.organization, "Root CA")],
    "the order of the parts": [two("a", "b"), two("b", "a")],
    "a part more": [name("a"), two("a", "b")],
    "the type of a string that is not text": [name("a", teletexString), name("a", bmpString)],
    "an accent": [name("Root CA"), name("Root CÀ")],
  };
  for (const [what, [a, b]] of Object.entries(different)) {
    it(`finds two names different that differ in ${what}`, () => {
      assert.ok(!isSameName(a, b) && !isSameName(b, a));
    });
  }

  it("finds every name equal to itself in upper case, and to no name with another letter", () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z]([a-z ]{0,20}[a-z])?$/), (text) => {
        assert.ok(isSameName(name(text), name(text.toUpperCase(), tag.printableString)));
        assert.ok(!isSameName(name(text), name(`${text}x`)));
      }),
    );
  });
});
