import { createPrivateKey, type KeyObject } from "node:crypto";
import { PkiError } from "../errors.ts";
import { findOnlyKey } from "../pem/key-block.ts";
import { describeLabel } from "../pem/label.ts";
import { inBlock, type PemBlock } from "../pem/scan-pem.ts";
import { checkEncryption } from "./encryption/pbes2.ts";
import { KeyPair } from "./key.ts";
import type { PrivateKeyEncoding } from "./key-algorithm.ts";
import { keyAlgorithms } from "./key-types.ts";
import { isSignedBy } from "./signature.ts";

const encryptedLabel = "ENCRYPTED PRIVATE KEY";

/** The encoding under each PEM label of an unencrypted private key. */
export const privateKeyEncodings: ReadonlyMap<string, PrivateKeyEncoding> = new Map([
  ["PRIVATE KEY", "pkcs8"],
  ...keyAlgorithms.map(({ traditional: { label, encoding } }) => [label, encoding] as const),
]);

const encodings: ReadonlyMap<string, PrivateKeyEncoding> = new Map([
  ...privateKeyEncodings,
  [encryptedLabel, "pkcs8"],
]);

/**
 * Reads the only private key in a file: PKCS#8, SEC1 (`EC PRIVATE KEY`), PKCS#1 (`RSA PRIVATE KEY`) or, with its
 * passphrase, encrypted PKCS#8. The passphrase is ignored if the key is not encrypted. The caller may overwrite the
 * octets of the file.
 * @throws PkiError `KEY_MALFORMED`, `KEY_REJECTED`, `KEY_ENCRYPTED` if it needs a passphrase, `KEY_PASSPHRASE_WRONG`
 */
export function parsePrivateKey(pem: string | Uint8Array, passphrase?: string | Uint8Array): KeyPair {
  const block = findOnlyKey(pem);
  try {
    return inBlock(block, () => readKey(block, passphrase));
  } finally {
    block.der.fill(0);
  }
}

function readKey({ label, der }: PemBlock, passphrase: string | Uint8Array | undefined): KeyPair {
  const encoding = encodings.get(label);
  if (encoding === undefined) {
    const expected = [...encodings.keys()].join(", ");
    throw new PkiError(
      "KEY_MALFORMED",
      `keys in the form ${describeLabel(label)} are not supported, expected ${expected}`,
    );
  }
  try {
    if (label === encryptedLabel) return checkHalves(new KeyPair(decrypt(der, passphrase)));
    return checkHalves(new KeyPair(createPrivateKey({ key: der, format: "der", type: encoding })));
  } catch (cause) {
    if (cause instanceof PkiError && cause.code !== "DER_MALFORMED") throw cause;
    // OpenSSL's own text, which does not quote the key, stays in the cause.
    throw new PkiError("KEY_MALFORMED", `the ${label} cannot be read`, { cause });
  }
}

/** OpenSSL does not check that the point stored with an EC scalar (RFC 5915 §3) is its public half. */
function checkHalves(keyPair: KeyPair): KeyPair {
  const { publicKey } = keyPair;
  const probe = new Uint8Array(32);
  const signature = keyPair.sign(probe);
  if (isSignedBy(publicKey, publicKey.algorithm.signature, probe, signature)) return keyPair;
  throw new PkiError("KEY_MALFORMED", "the private key and the public key stored with it do not match");
}

function decrypt(der: Buffer, passphrase: string | Uint8Array | undefined): KeyObject {
  checkEncryption(der);
  if (passphrase === undefined) {
    throw new PkiError("KEY_ENCRYPTED", "the key is encrypted, but no passphrase was given");
  }
  try {
    return createPrivateKey({ key: der, format: "der", type: "pkcs8", passphrase: Buffer.from(passphrase) });
  } catch (cause) {
    // CBC is not authenticated, so a damaged file looks like a wrong passphrase.
    throw new PkiError("KEY_PASSPHRASE_WRONG", "the passphrase is wrong, or the key is damaged", {
      cause,
    });
  }
}
