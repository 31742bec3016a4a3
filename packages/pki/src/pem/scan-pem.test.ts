import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { assertCpuTimeBelow, throwsWithCode } from "@kasbah/testkit";
import fc from "fast-check";
import { createKeyPair } from "../keys/key.ts";
import { encodePem } from "./pem.ts";
import { findPemBlocks, scanPem } from "./scan-pem.ts";

const one = encodePem("CERTIFICATE", Uint8Array.of(1, 2, 3));
const other = encodePem("X509 CRL", Uint8Array.of(4));
const seen = (pem: string) =>
  findPemBlocks(pem).map(({ label, der }) => `${label} ${Buffer.from(der).toString("hex")}`);

describe("findPemBlocks", () => {
  const refused: Readonly<Record<string, readonly [string, RegExp]>> = {
    "a block without an end": [one.replace("-----END CERTIFICATE-----", ""), /has no END line/],
    "a block that ends as another": [
      one.replace("-----END CERTIFICATE-----", "-----END X509 CRL-----"),
      /has no END line/,
    ],
    "a BEGIN line without its dashes": ["-----BEGIN CERTIFICATE\nAQID\n", /BEGIN line is incomplete/],
    "a label over two lines": ["-----BEGIN CERTIFI\nCATE-----\nAQID\n", /BEGIN line is incomplete/],
    "a label of a kilobyte": [`-----BEGIN ${"A".repeat(1024)}-----\n`, /BEGIN line is incomplete/],
    "a broken body": [one.replace("AQID", "AQ*D"), /a character that is not base64/],
    "an empty block": [one.replace("AQID\n", ""), /is empty/],
  };
  for (const [what, [text, reason]] of Object.entries(refused)) {
    it(`rejects a file with ${what}, and names the block, its line and the reason`, () => {
      const { message } = throwsWithCode(() => findPemBlocks(`${other}\r\n\r${text}`), "PEM_MALFORMED");
      assert.match(message, /^block 2 \(line 6\): /);
      assert.match(message, reason);
    });
  }

  it("rejects a file of more than 1 MiB", () => {
    throwsWithCode(() => findPemBlocks(`${" ".repeat(1024 * 1024)}${one}`), "PEM_MALFORMED");
  });

  it("rejects a file with more than 1,000 blocks", () => {
    assert.equal(findPemBlocks(one.repeat(1_000)).length, 1_000);
    const { message } = throwsWithCode(() => findPemBlocks(one.repeat(1_001)), "PEM_MALFORMED");
    assert.match(message, /^block 1001 \(line 3001\): the file has more than 1000 PEM blocks$/);
  });

  it("rejects a file with more than 1,000 BEGINs in the middle of lines, which would block the event loop", () => {
    const text = "see -----BEGIN CERTIFICATE-----\n";
    assert.equal(findPemBlocks(text.repeat(999) + one).length, 1);
    const { message } = throwsWithCode(() => findPemBlocks(text.repeat(1_000) + one), "PEM_MALFORMED");
    assert.match(message, /^block 1 \(line 1001\): the file has more than 1000 PEM blocks$/);
  });

  it("rejects a key in OpenSSL's old encrypted form and names the command that converts it", async () => {
    const key = (await createKeyPair("P-256")).toPkcs8Pem();
    const args = ["ec", "-aes256", "-passout", "pass:x"];
    const old = execFileSync("openssl", args, { input: key, encoding: "utf8", stdio: "pipe" });
    const { message } = throwsWithCode(() => findPemBlocks(old), "KEY_ENCRYPTED");
    assert.match(message, /openssl pkcs8 -topk8/);
  });

  for (const part of [
    "-----BEGIN A-----\n",
    "-----BEGIN ",
    " -----BEGIN A-----x",
    "\r\uFEFF\u00A0",
    `x${one}`,
    "#-----BEGIN A-----",
  ]) {
    it(`takes time proportional to the length of a file of ${JSON.stringify(part.slice(0, 20))}`, async () => {
      const hostile = part.repeat(Math.floor((1024 * 1024) / Buffer.byteLength(part)));
      await assertCpuTimeBelow(2_000, () => scanPem(hostile));
    });
  }

  it("reads two files that were concatenated without a line break between them", () => {
    assert.deepEqual(seen(one.trimEnd() + other), ["CERTIFICATE 010203", "X509 CRL 04"]);
    const broken = other.replace("BA==", "B");
    const { message } = throwsWithCode(() => findPemBlocks(one.trimEnd() + broken), "PEM_MALFORMED");
    assert.match(message, /^block 2 \(line 3\)/);
  });

  it("reads a block whose line breaks a shell has replaced by spaces", () => {
    assert.deepEqual(seen((one + other).replaceAll("\n", " ")), ["CERTIFICATE 010203", "X509 CRL 04"]);
  });

  it("treats a BEGIN in the middle of a line of text as text", () => {
    const comment = "# replaces the -----BEGIN CERTIFICATE----- of 2024\n";
    assert.deepEqual(seen(comment + one + comment), ["CERTIFICATE 010203"]);
  });

  for (const mark of ["#", "  # ", ";", "// ", "\uFEFF#"]) {
    it(`ignores a block that ${JSON.stringify(mark)} before its first line disables`, () => {
      const oneLine = one.replaceAll("\n", " ");
      for (const disabled of [one, oneLine, one.trimEnd().replaceAll("\n", `\n${mark}`)]) {
        assert.deepEqual(seen(`${mark}${disabled}\n${other}`), ["X509 CRL 04"]);
      }
    });
  }

  it("returns no blocks if the file has none", () => {
    assert.deepEqual(findPemBlocks(""), []);
    assert.deepEqual(findPemBlocks("only words"), []);
  });
});

describe("findPemBlocks of any text that people write around blocks", () => {
  const lineEnd = fc.constantFrom("\n", "\r\n", "\r", " \n", "\t\r\n", "\n\n");
  const words = fc.oneof(
    fc.string({ unit: "binary", maxLength: 60 }),
    fc.constantFrom(
      "Bag Attributes",
      "    friendlyName: gateway",
      "subject=O=ACME -- CA, CN=root",
      "Certificate:\n    Data:\n        Serial Number: 01:02",
      "-----",
      "-----END CERTIFICATE-----",
      "see -----BEGIN CERTIFICATE-----",
      "\uFEFF",
      "",
    ),
  );
  // A line that starts a block is no text around blocks.
  const text = words.filter((line) => !/(^|[\r\n])\s*-----BEGIN /.test(line));
  const block = fc.record({
    label: fc.constantFrom("CERTIFICATE", "X509 CRL", "EC PARAMETERS", "PRIVATE KEY"),
    der: fc.uint8Array({ minLength: 1, maxLength: 200 }),
    indent: fc.constantFrom("", "  ", "\t", "\uFEFF", "\u00A0 "),
  });
  const part = fc.record({ text, block, lineEnd, last: lineEnd });

  it("returns exactly the blocks in their order, for any line endings", () => {
    fc.assert(
      fc.property(fc.array(part, { maxLength: 6 }), text, (parts, tail) => {
        const file = parts.map((one) => {
          const { label, der, indent } = one.block;
          const lines = encodePem(label, der).trimEnd().split("\n");
          return `${one.text}${one.last}${lines.map((line) => indent + line).join(one.lineEnd)}${one.last}`;
        });
        const found = findPemBlocks(file.join("") + tail);
        assert.deepEqual(
          found.map(({ label, der }) => [label, Buffer.from(der).toString("hex")]),
          parts.map(({ block: { label, der } }) => [label, Buffer.from(der).toString("hex")]),
        );
        assert.deepEqual(
          found.map(({ place }) => place.position),
          parts.map((_, index) => index + 1),
        );
      }),
      { numRuns: 2_000 },
    );
  });
});
