import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { assertCpuTimeBelow, throwsWithCode } from "@kasbah/testkit";
import { createKeyPair } from "../keys/key.ts";
import { findPemBlocks } from "./operator-pem.ts";
import { encodePem } from "./pem.ts";

const one = encodePem("CERTIFICATE", Uint8Array.of(1, 2, 3));

describe("findPemBlocks", () => {
  const refused: Readonly<Record<string, string>> = {
    "a block without an end": one.replace("-----END CERTIFICATE-----", ""),
    "a block that ends as another": one.replace("-----END CERTIFICATE-----", "-----END X509 CRL-----"),
    "a BEGIN line without its dashes": "-----BEGIN CERTIFICATE\nAQID\n",
    "a label of a kilobyte": `-----BEGIN ${"A".repeat(1024)}-----\n`,
    "a broken body": one.replace("AQID", "AQ*D"),
    "two megabytes": `${" ".repeat(2 * 1024 * 1024)}${one}`,
  };
  for (const [what, text] of Object.entries(refused)) {
    it(`rejects a file with ${what}`, () => {
      throwsWithCode(() => findPemBlocks(text), "PEM_MALFORMED");
    });
  }

  it("rejects a key in OpenSSL's old encrypted form and names the command that converts it", async () => {
    const { toPkcs8Pem } = await createKeyPair("P-256").then((pair) => ({
      toPkcs8Pem: () => pair.toPkcs8Pem(),
    }));
    const args = ["ec", "-aes256", "-passout", "pass:x"];
    const old = execFileSync("openssl", args, { input: toPkcs8Pem(), encoding: "utf8", stdio: "pipe" });
    const { message } = throwsWithCode(() => findPemBlocks(old), "KEY_ENCRYPTED");
    assert.match(message, /openssl pkcs8 -topk8/);
  });

  it("takes time proportional to the length of the file, for any content", async () => {
    const hostile = "-----BEGIN A-----\n".repeat(50_000);
    await assertCpuTimeBelow(5_000, () => throwsWithCode(() => findPemBlocks(hostile), "PEM_MALFORMED"));
  });

  it("returns blocks in order with their labels, regardless of the text around them and of line endings", () => {
    const text = `Certificate:\n  Data: x\n${one}EC\n${encodePem("EC PARAMETERS", Uint8Array.of(4))}`;
    for (const file of [text, text.replaceAll("\n", "\r\n"), `\uFEFF${text}`]) {
      const found = findPemBlocks(file).map(({ label, der }) => [label, Buffer.from(der).toString("hex")]);
      assert.deepEqual(found, [
        ["CERTIFICATE", "010203"],
        ["EC PARAMETERS", "04"],
      ]);
    }
  });

  it("returns no blocks if the file has none", () => {
    assert.deepEqual(findPemBlocks(""), []);
    assert.deepEqual(findPemBlocks("only words"), []);
  });
});
