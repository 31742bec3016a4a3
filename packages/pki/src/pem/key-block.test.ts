import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { throwsWithCode } from "@kasbah/testkit";
import fc from "fast-check";
import { createKeyPair } from "../keys/key.ts";
import { parsePrivateKey } from "../keys/private-key.ts";
import { findOnlyKey } from "./key-block.ts";
import { encodePem } from "./pem.ts";

const keyPair = await createKeyPair("P-256");
const key = keyPair.toPkcs8Pem();
const openssl = (args: readonly string[], input?: string) =>
  execFileSync("openssl", args, {
    encoding: "utf8",
    stdio: "pipe",
    ...(input === undefined ? {} : { input }),
  });

describe("findOnlyKey", () => {
  it("finds the key behind the EC PARAMETERS that openssl ecparam -genkey writes", () => {
    const file = openssl(["ecparam", "-name", "prime256v1", "-genkey"]);
    assert.match(file, /BEGIN EC PARAMETERS/);
    assert.equal(parsePrivateKey(file).publicKey.type, "P-256");
  });

  it("finds the key among other blocks in any order, with any line ending", () => {
    const others = [
      encodePem("EC PARAMETERS", Uint8Array.of(6, 1, 0)),
      encodePem("CERTIFICATE", Uint8Array.of(48, 0)),
      "Bag Attributes\n    localKeyID: 01\nKey Attributes: <No Attributes>\n",
    ];
    const order = fc.shuffledSubarray([key, ...others], { minLength: 4, maxLength: 4 });
    fc.assert(
      fc.property(order, fc.constantFrom("\n", "\r\n", "\r", " \n"), (parts, lineEnd) => {
        const file = parts.join("").replaceAll("\n", lineEnd);
        assert.ok(parsePrivateKey(file).publicKey.equals(keyPair.publicKey));
        assert.ok(parsePrivateKey(Buffer.from(`\uFEFF${file}`)).publicKey.equals(keyPair.publicKey));
      }),
    );
  });

  const refused: Readonly<Record<string, readonly [string | Uint8Array, RegExp]>> = {
    "two keys": [key + key, /contains 2 private keys, expected one: block 1 \(line 1\), block 2 \(line 6\)$/],
    "no key but a certificate": [
      encodePem("CERTIFICATE", Uint8Array.of(1)),
      /only contains blocks of CERTIFICATE$/,
    ],
    "nothing in it": ["\uFEFF \n", /it is empty$/],
    DER: [Uint8Array.of(0x30, 0x81, 0x87, 2, 1, 0), /it is DER: convert it to PEM/],
    "UTF-16": [Buffer.from(`\uFEFF${key}`, "utf16le"), /not UTF-8 text/],
    "a key in JSON": [JSON.stringify(key), /do not start a line/],
    "a broken block beside the key": [`${key}-----BEGIN CERTIFICATE-----\nMII\n`, /^block 2 \(line 6\)/],
  };
  for (const [what, [file, reason]] of Object.entries(refused)) {
    it(`rejects a file with ${what}, and says what it found`, () => {
      assert.match(throwsWithCode(() => findOnlyKey(file), "KEY_MALFORMED").message, reason);
    });
  }

  it("quotes no line of a key that an editor has moved into the BEGIN line", () => {
    const line = key.split("\n")[1] ?? "";
    for (const file of [
      key.replace("PRIVATE KEY-----\n", ""),
      `-----BEGIN ${line}-----\nAAAA\n`,
      key.replaceAll("PRIVATE KEY", line),
      key.replaceAll("PRIVATE KEY", line.slice(0, 30)),
    ]) {
      const { message } = throwsWithCode(() => findOnlyKey(file), "KEY_MALFORMED");
      assert.ok(!message.includes(line.slice(0, 20)), message);
    }
  });

  it("rejects a form of keys that is not supported, and names the block and the form", () => {
    const file = `${encodePem("CERTIFICATE", Uint8Array.of(1))}${encodePem("OPENSSH PRIVATE KEY", Uint8Array.of(1))}`;
    const { message } = throwsWithCode(() => parsePrivateKey(file), "KEY_MALFORMED");
    assert.match(message, /^block 2 \(line 4\): keys in the form OPENSSH PRIVATE KEY are not supported/);
  });
});
