import { PkiError, withCodes } from "../errors.ts";
import { describeOtherContents } from "./absence.ts";
import { describePlace, findPemBlocks, type PemBlock } from "./scan-pem.ts";

/** Whether a PEM block with this label contains a private key, supported or not. */
function isKeyLabel(label: string): boolean {
  return label.endsWith("PRIVATE KEY");
}

/**
 * Returns the only private key in a file. Blocks of other kinds may be beside it, in any order: OpenSSL writes `EC
 * PARAMETERS` before a key, and some programs keep the certificates in the same file. The caller may overwrite the
 * octets of the key; those of other keys are overwritten here.
 * @throws PkiError `KEY_MALFORMED`, `KEY_ENCRYPTED`
 */
export function findOnlyKey(pem: string | Uint8Array): PemBlock {
  const blocks = withCodes({ PEM_MALFORMED: "KEY_MALFORMED" }, () => findPemBlocks(pem));
  const keys = blocks.filter(({ label }) => isKeyLabel(label));
  const [key, ...others] = keys;
  if (key !== undefined && others.length === 0) return key;
  for (const { der } of keys) der.fill(0);
  const found =
    key === undefined
      ? `no private key: ${describeOtherContents(pem)}`
      : `${keys.length} private keys, expected one: ${keys.map(({ place }) => describePlace(place)).join(", ")}`;
  throw new PkiError("KEY_MALFORMED", `it contains ${found}`);
}
