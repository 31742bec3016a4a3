import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { describeReadFailure } from "@kasbah/runtime/read-failure";
import { JwksError } from "../../errors.ts";

const maxBytes = 1024 * 1024;

/** Reads a key set from a file. It follows symbolic links, because Kubernetes mounts files through them. */
export async function readJwksFile(path: string): Promise<string> {
  // A plain open of a named pipe would block forever.
  const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch(async (cause: unknown) => {
    const problem = await describeReadFailure(path, cause, "mount it, or correct --jwks");
    throw new JwksError(`cannot read ${problem}`, { cause });
  });
  try {
    const stats = await handle.stat();
    if (!stats.isFile()) throw new JwksError(`${path} is not a regular file`);
    if (stats.size > maxBytes) throw new JwksError(`${path} is larger than 1 MiB`);
    return await handle.readFile("utf8");
  } finally {
    await handle.close();
  }
}
