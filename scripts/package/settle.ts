import { chmod, lutimes } from "node:fs/promises";
import { join } from "node:path";
import { entriesOf } from "../../deploy/image/trees/tree.ts";

/**
 * Makes a tree reproducible without root: all files have the given time, and modes that do not depend on the umask.
 * The programs that pack the tree write root as the owner.
 */
export async function settleUnowned(top: string, ageSeconds: number): Promise<void> {
  const entries = [...(await entriesOf(top)), { path: "", kind: "directory", mode: 0o755 }];
  for (const { path, kind, mode } of entries) {
    const file = join(top, path);
    if (kind !== "symlink") await chmod(file, kind === "directory" || mode & 0o100 ? 0o755 : 0o644);
    await lutimes(file, ageSeconds, ageSeconds);
  }
}
