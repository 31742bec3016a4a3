import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { inspect } from "node:util";
import { createKeyPair, encodePem, findPemBlocks } from "@kasbah/pki";
import { OperatorKey } from "@kasbah/pki/operator-certificate";
import {
  createTestAuthority,
  type TemporaryDirectory,
  temporaryDirectory,
  throwsWithCode,
} from "@kasbah/testkit";
import { parseCertificatePair } from "./certificate-pair.ts";

interface Texts {
  readonly cert: string;
  readonly key: string;
}

describe("parseCertificatePair", () => {
  let directory: TemporaryDirectory;
  let ecdsa: Texts;
  let other: Texts;

  before(async () => {
    directory = await temporaryDirectory();
    const authority = await createTestAuthority();
    const mint = async (): Promise<Texts> => {
      const keyPair = await createKeyPair("P-256");
      const names = [{ kind: "dns", value: "shop.example.com" }] as const;
      const leaf = await authority.issue({ publicKey: keyPair.publicKey, names });
      return { cert: leaf.toPem() + authority.rootPem, key: keyPair.toPkcs8Pem() };
    };
    [ecdsa, other] = await Promise.all([mint(), mint()]);
  });
  after(() => directory.remove());

  const pair = ({ cert, key }: Texts) => parseCertificatePair(Buffer.from(cert), Buffer.from(key));
  const isRefused = (texts: Texts) => throwsWithCode(() => pair(texts), "FILE_INVALID");
  const openssl = (...args: string[]) => execFileSync("openssl", args, { stdio: "pipe", encoding: "utf8" });
  const selfSigned = (...newkey: string[]): Texts => {
    const [cert, key] = [directory.join("cert.pem"), directory.join("key.pem")];
    openssl(
      "req",
      "-x509",
      ...newkey,
      "-nodes",
      "-subj",
      "/CN=shop",
      "-days",
      "9",
      "-out",
      cert,
      "-keyout",
      key,
    );
    return { cert: readFileSync(cert, "utf8"), key: readFileSync(key, "utf8") };
  };

  it("rejects halves of two different pairs", () => {
    isRefused({ cert: ecdsa.cert, key: other.key });
    isRefused({ cert: other.cert, key: ecdsa.key });
  });

  it("rejects an empty file, one truncated at any point, and one with other contents", () => {
    isRefused({ cert: "", key: ecdsa.key });
    isRefused({ cert: ecdsa.cert, key: "" });
    isRefused({ cert: "hello", key: "hello" });
    for (let length = 1; length < ecdsa.key.length - 2; length += 7) {
      isRefused({ cert: ecdsa.cert, key: ecdsa.key.slice(0, length) });
    }
    const leafLength = ecdsa.cert.indexOf("-----END") + "-----END CERTIFICATE-----".length;
    for (let length = 1; length < ecdsa.cert.length - 2; length += 13) {
      const isWholeLeaf = length >= leafLength && length <= leafLength + "\n-----BEGIN ".length;
      if (!isWholeLeaf) isRefused({ cert: ecdsa.cert.slice(0, length), key: ecdsa.key });
    }
  });

  it("rejects two keys, an encrypted key and a chain that does not start with the leaf", () => {
    isRefused({ cert: ecdsa.cert, key: ecdsa.key + other.key });
    const path = directory.join("plain.pem");
    execFileSync("openssl", ["pkcs8", "-topk8", "-passout", "pass:x", "-out", path], {
      input: ecdsa.key,
      stdio: "pipe",
    });
    isRefused({ cert: ecdsa.cert, key: readFileSync(path, "utf8") });
    const blocks = findPemBlocks(ecdsa.cert).map(({ label, der }) => encodePem(label, der));
    isRefused({ cert: blocks.toReversed().join(""), key: ecdsa.key });
  });

  it("rejects a key with a different public half and an invalid point", () => {
    const sec1 = execFileSync("openssl", ["ec"], { input: ecdsa.key, stdio: "pipe" }).toString();
    const foreign = execFileSync("openssl", ["ec"], { input: other.key, stdio: "pipe" }).toString();
    const [mine] = findPemBlocks(sec1);
    const [theirs] = findPemBlocks(foreign);
    assert.ok(mine !== undefined && theirs !== undefined);
    // RFC 5915: the scalar comes first and the point last.
    const mixed = Buffer.concat([theirs.der.subarray(0, -65), mine.der.subarray(-65)]);
    const key = `-----BEGIN EC PRIVATE KEY-----\n${mixed.toString("base64")}\n-----END EC PRIVATE KEY-----\n`;
    isRefused({ cert: ecdsa.cert, key });
    const [leaf] = findPemBlocks(ecdsa.cert);
    assert.ok(leaf !== undefined);
    const der = Buffer.from(leaf.der);
    const at = der.indexOf(mine.der.subarray(-65));
    der.writeUInt8((der[at + 64] ?? 0) ^ 1, at + 64);
    const cert = `-----BEGIN CERTIFICATE-----\n${der.toString("base64")}\n-----END CERTIFICATE-----\n`;
    isRefused({ cert, key: ecdsa.key });
  });

  it("rejects a megabyte of BEGIN lines quickly", () => {
    const hostile = "-----BEGIN ".repeat(95_000);
    isRefused({ cert: hostile, key: ecdsa.key });
    isRefused({ cert: ecdsa.cert, key: hostile });
  });

  it("hides the key of a pair from accidental output", () => {
    const [block] = findPemBlocks(ecdsa.key);
    assert.ok(block !== undefined);
    const key = new OperatorKey(block);
    assert.deepEqual(
      [inspect(key), JSON.stringify(key), `${inspect({ key })}`.includes("MIG")],
      ["OperatorKey", '"OperatorKey"', false],
    );
  });

  it("keeps the chain in order and returns only certificates of the file", () => {
    const cert = `Bag Attributes\r\n  friendlyName: x\r\n${ecdsa.key}${ecdsa.cert.replaceAll("\n", "\r\n")}`;
    const { chainPem, keyPem } = pair({ cert, key: `${ecdsa.cert}\n# the key\n\n  ${ecdsa.key}` });
    assert.equal(chainPem, ecdsa.cert);
    assert.equal(keyPem, ecdsa.key);
  });

  it("accepts an expired certificate: the files are served as they are", async () => {
    const notAfter = new Date("2021-01-01T00:00:00Z");
    const keyPair = await createKeyPair("P-256");
    const names = [{ kind: "dns", value: "shop.example.com" }] as const;
    const { publicKey } = keyPair;
    const leaf = await (await createTestAuthority()).issue({ publicKey, names, notAfter });
    assert.deepEqual(pair({ cert: leaf.toPem(), key: keyPair.toPkcs8Pem() }).notAfter, notAfter);
  });

  for (const [what, newkey] of [
    ["RSA of 2048 bits", ["-newkey", "rsa:2048"]],
    ["RSA of 4096 bits", ["-newkey", "rsa:4096"]],
    ["P-384", ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-384"]],
    ["P-521", ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-521"]],
    ["Ed25519", ["-newkey", "ed25519"]],
  ] as const) {
    it(`accepts a pair with a key of type ${what}`, () => {
      const texts = selfSigned(...newkey);
      const { chainPem, keyPem } = pair(texts);
      assert.equal(chainPem, texts.cert);
      assert.equal(openssl("pkey", "-in", directory.join("key.pem")), keyPem);
    });
  }

  it("accepts the key in any of the three formats, with EC PARAMETERS before it", () => {
    const sec1 = execFileSync("openssl", ["ec"], { input: ecdsa.key, stdio: "pipe" }).toString();
    const parameters = openssl("ecparam", "-name", "prime256v1");
    assert.match(parameters + sec1, /EC PARAMETERS.*EC PRIVATE KEY/s);
    assert.equal(pair({ cert: ecdsa.cert, key: parameters + sec1 }).keyPem, ecdsa.key);
    const rsa = selfSigned("-newkey", "rsa:2048");
    const pkcs1 = openssl("rsa", "-traditional", "-in", directory.join("key.pem"));
    assert.match(pkcs1, /BEGIN RSA PRIVATE KEY/);
    assert.equal(pair({ cert: rsa.cert, key: pkcs1 }).keyPem, rsa.key);
  });
});
