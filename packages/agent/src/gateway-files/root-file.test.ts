import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { createKeyPair, findPemBlocks } from "@kasbah/pki";
import { createTestAuthority, type TestAuthority, throwsWithCode } from "@kasbah/testkit";
import { parseRoots } from "./root-file.ts";
import { findSystemBundle } from "./system-bundle.ts";

describe("parseRoots", () => {
  let first: TestAuthority;
  let second: TestAuthority;

  before(async () => {
    [first, second] = await Promise.all([createTestAuthority("First"), createTestAuthority("Second")]);
  });

  const parse = (text: string) => parseRoots(Buffer.from(text));
  const broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";

  it("rejects a root file without a certificate", () => {
    for (const text of ["", "hello", broken, first.keyPair.toPkcs8Pem(), "-----BEGIN ".repeat(90_000)]) {
      throwsWithCode(() => parse(text), "FILE_INVALID");
    }
    throwsWithCode(() => parseRoots(Buffer.alloc(1024 * 1024, 0xff)), "FILE_INVALID");
  });

  it("skips unreadable blocks and keeps the rest", () => {
    const cut = "-----BEGIN CERTIFICATE-----\nMIIB\n";
    const { pem, skipped } = parse(
      `${broken}${first.rootPem}${cut}${second.rootPem}${first.keyPair.toPkcs8Pem()}`,
    );
    assert.equal(pem, first.rootPem + second.rootPem);
    assert.deepEqual(
      skipped.map(({ position }) => position),
      [1, 3, 5],
    );
  });

  it("returns each certificate once, without the text around it", () => {
    const text = `\ufeff# Our roots\n\n${first.rootPem}\n  trailing words\r\n${second.rootPem.replaceAll("\n", " \r\n\r\n")}${first.rootPem}`;
    const { pem, facts, skipped } = parse(text);
    assert.equal(pem, first.rootPem + second.rootPem);
    assert.deepEqual([facts.certificates, facts.notAfter], [2, new Date("2045-01-01T00:00:00Z")]);
    assert.deepEqual(skipped, []);
  });

  it("keeps a certificate that is not a CA, because an operator has pinned it", async () => {
    const { publicKey } = await createKeyPair("P-256");
    const pinned = await first.issue({ publicKey, names: [{ kind: "dns", value: "old.example.com" }] });
    assert.equal(parse(pinned.toPem()).pem, pinned.toPem());
  });

  it("reads every root of the operating system's bundle that OpenSSL reads", async function () {
    const path = await findSystemBundle();
    if (!existsSync(path)) return this.skip();
    const content = readFileSync(path);
    const { pem, skipped } = parseRoots(content);
    const of = (text: string) =>
      findPemBlocks(text).map(({ der }) => new X509Certificate(der).fingerprint256);
    assert.deepEqual([of(pem), skipped], [of(content.toString()), []]);
  });
});

describe("findSystemBundle", () => {
  it("returns the first well-known bundle that exists, or the path where one may appear", async () => {
    const here = import.meta.filename;
    assert.equal(await findSystemBundle(["/nowhere/a", here, "/nowhere/b"]), here);
    assert.equal(await findSystemBundle(["/nowhere/a", "/nowhere/b"]), "/nowhere/a");
  });
});
