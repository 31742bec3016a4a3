import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { userCacheDirectory } from "../../shipped-files.ts";
import type { DevDeps } from "../dev-deps.ts";
import type { Layout } from "../folder/layout.ts";

/**
 * The lock that a command holds while it starts a CA. All projects of a user share it, so that two of them never
 * choose the same ports.
 */
export async function startLockPath({ startLock }: Layout, { env }: Pick<DevDeps, "env">): Promise<string> {
  const folder = userCacheDirectory(env);
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    return join(folder, "dev-start.lock");
  } catch {
    // In a container the home directory may be missing or read-only.
    return startLock;
  }
}
