import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { Secret } from "@kasbah/runtime";
import { describeReadFailure } from "@kasbah/runtime/read-failure";
import { StateError } from "../../errors.ts";
import { isExposed, modeText } from "./file-access.ts";

const maxBytes = 4096;
/** OpenSSL reads no more than this of a passphrase. */
const maxPassphraseBytes = 1024;

/**
 * Reads the passphrase from the first line of the file. Returns undefined without a file.
 *
 * @throws StateError `KEY_PASSPHRASE_MISSING` if that line is empty, `AUTHORITY_KEY_EXPOSED` if other users
 * may read the file
 */
export async function readPassphrase(path: string | undefined): Promise<Secret | undefined> {
  if (path === undefined) return undefined;
  const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch(async (cause: unknown) => {
    const problem = await describeReadFailure(path, cause, "mount it, or correct --key-passphrase-file");
    throw new StateError("KEY_PASSPHRASE_MISSING", `cannot read ${problem}`, { cause });
  });
  try {
    const stats = await handle.stat();
    if (!stats.isFile() || stats.size > maxBytes)
      throw missing(`${path} is not a regular file of at most ${maxBytes} bytes`);
    if (isExposed(stats)) {
      const mode = modeText(stats);
      const message = `${path} has mode ${mode}, so other users may have read the passphrase: if they have not, run chmod 600 on it`;
      throw new StateError("AUTHORITY_KEY_EXPOSED", message);
    }
    const [line = ""] = (await handle.readFile("utf8")).split(/\r?\n/, 1);
    if (line === "") throw missing(`the first line of ${path} is empty: expected the passphrase`);
    if (Buffer.byteLength(line) > maxPassphraseBytes) {
      throw missing(
        `the first line of ${path} is longer than ${maxPassphraseBytes} bytes, more than other tools accept: use a shorter passphrase`,
      );
    }
    return new Secret(line);
  } finally {
    await handle.close();
  }
}

function missing(message: string): StateError {
  return new StateError("KEY_PASSPHRASE_MISSING", message);
}
