import { createPrivateKey, type KeyObject } from "node:crypto";
import { PkiError } from "../errors.ts";
import { refuseOldEncryption } from "../pem/operator-pem.ts";
import { parsePemBlock } from "../pem/pem.ts";
import { KeyPair } from "./key.ts";
import { checkEncryption } from "./pbes2.ts";
import { isSignedBy } from "./signature.ts";

type Format = "pkcs8" | "sec1" | "pkcs1";

const encryptedLabel = "ENCRYPTED PRIVATE KEY";

const formats: ReadonlyMap<string, Format> = new Map([
  ["PRIVATE KEY", "pkcs8"],
  ["EC PRIVATE KEY", "sec1"],
  ["RSA PRIVATE KEY", "pkcs1"],
  [encryptedLabel, "pkcs8"],
]);

/**
 * Reads one PEM block of PKCS#8, SEC1 (`EC PRIVATE KEY`), PKCS#1 (`RSA PRIVATE KEY`) or, with its passphrase,
 * encrypted PKCS#8. A passphrase for a key that is not encrypted is not looked at.
 * @throws PkiError `KEY_MALFORMED`, `KEY_REJECTED`, `KEY_ENCRYPTED` when it needs a passphrase, `KEY_PASSPHRASE_WRONG`
 */
export function parsePrivateKey(pem: string, passphrase?: string | Uint8Array): KeyPair {
  const { label, format } = formatOf(pem);
  try {
    const der = Buffer.from(parsePemBlock(pem, label));
    if (label === encryptedLabel) return ofOneKey(new KeyPair(decrypt(der, passphrase)));
    return ofOneKey(new KeyPair(createPrivateKey({ key: der, format: "der", type: format })));
  } catch (cause) {
    const isOurs = cause instanceof PkiError && !["PEM_MALFORMED", "DER_MALFORMED"].includes(cause.code);
    if (isOurs) throw cause;
    // OpenSSL's own text stays in the cause; it says nothing of the key's bytes.
    throw new PkiError("KEY_MALFORMED", `the ${label} block cannot be read`, { cause });
  }
}

function formatOf(pem: string): { label: string; format: Format } {
  const start = pem.trimStart();
  for (const [label, format] of formats) {
    const opening = `-----BEGIN ${label}-----`;
    if (!start.startsWith(opening)) continue;
    refuseOldEncryption(start.slice(opening.length));
    return { label, format };
  }
  throw new PkiError(
    "KEY_MALFORMED",
    "the text is not one PRIVATE KEY, ENCRYPTED, EC or RSA PRIVATE KEY block",
  );
}

/** OpenSSL takes the point beside an EC scalar (RFC 5915 §3) for its public half without a look at whether it is. */
function ofOneKey(keyPair: KeyPair): KeyPair {
  const { publicKey } = keyPair;
  const hash = publicKey.curve === "P-384" ? "sha384" : "sha256";
  const probe = new Uint8Array(32);
  const signature = keyPair.sign(probe);
  if (isSignedBy(publicKey, { family: publicKey.isEc ? "EC" : "RSA", hash }, probe, signature))
    return keyPair;
  throw new PkiError("KEY_MALFORMED", "the private key and the public key beside it are not of one pair");
}

function decrypt(der: Buffer, passphrase: string | Uint8Array | undefined): KeyObject {
  checkEncryption(der);
  if (passphrase === undefined) {
    throw new PkiError("KEY_ENCRYPTED", "the key is encrypted and no passphrase was given");
  }
  try {
    return createPrivateKey({ key: der, format: "der", type: "pkcs8", passphrase: Buffer.from(passphrase) });
  } catch (cause) {
    // CBC proves nothing: a damaged file can not be told from a wrong passphrase.
    throw new PkiError("KEY_PASSPHRASE_WRONG", "the passphrase does not open the key, or it is damaged", {
      cause,
    });
  }
}
