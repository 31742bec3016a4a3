import { encodeKeyStore, encodeTrustStore } from "@kasbah/pki/pkcs12";
import { ConfigInvalidError, errnoOf } from "@kasbah/runtime";
import { readBoundedFile } from "../../bounded-file.ts";
import type { WorkloadSecret } from "../../secret/secret-store.ts";
import type { StoreWriter } from "./render-files.ts";

/** The alias of the key. Java programs that select a key by its alias use it. */
const alias = "workload";
const usualPassword = "changeit";
const maxFileBytes = 4096;
const maxPasswordLength = 256;

/** Creates the writer of PKCS#12 stores, with the password of a file. @throws ConfigInvalidError */
export async function createStoreWriter(passwordFile: string | undefined): Promise<StoreWriter> {
  const password = passwordFile === undefined ? usualPassword : await readPassword(passwordFile);
  return {
    pkcs12: remembering(({ keyPair, leaf, intermediates }) =>
      encodeKeyStore({ alias, keyPair, chain: [leaf, ...intermediates] }, password),
    ),
    truststore: remembering(({ bundle }) => encodeTrustStore(bundle, password)),
  };
}

/** Deriving the keys takes ten milliseconds, and the files are compared far more often than they change. */
function remembering(write: (secret: WorkloadSecret) => Uint8Array) {
  let last: { readonly secret: WorkloadSecret; readonly bytes: Uint8Array } | undefined;
  return (secret: WorkloadSecret): Uint8Array => {
    if (last?.secret !== secret) last = { secret, bytes: write(secret) };
    return last.bytes;
  };
}

async function readPassword(path: string): Promise<string> {
  const text = await readBoundedFile(path, maxFileBytes).catch((error: unknown) => {
    const reason = errnoOf(error) ?? "not a small regular file";
    throw new ConfigInvalidError([`--pkcs12-password-file: cannot read ${path} (${reason})`]);
  });
  const password = text.replace(/\r?\n$/, "");
  if (/^[\x20-\x7e]+$/.test(password) && password.length <= maxPasswordLength) return password;
  throw new ConfigInvalidError([
    `--pkcs12-password-file: expected one line of 1 to ${maxPasswordLength} printable ASCII characters in ${path}, which Java and OpenSSL encode alike`,
  ]);
}
