import { link, readFile, rm, writeFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";

/**
 * Does the work while no other process does its own under the same lock. A lock whose owner is gone is taken over;
 * two who do so at once would both build, which costs time and nothing else, for a build ends in a rename.
 */
export async function withBuildLock(
  path: string,
  say: (line: string) => void,
  work: () => Promise<void>,
): Promise<void> {
  for (let told = false; !(await take(path)); told = true) {
    if (!told) say("another run is building; waiting for it");
    await sleep(500);
  }
  try {
    await work();
  } finally {
    await rm(path, { force: true });
  }
}

async function take(path: string): Promise<boolean> {
  // Whole before it has its name: an empty one would be nobody's, and be waited for without end.
  const own = `${path}.${process.pid}`;
  try {
    await writeFile(own, String(process.pid));
    await link(own, path);
    return true;
  } catch (error) {
    if (codeOf(error) !== "EEXIST") throw error;
  } finally {
    await rm(own, { force: true });
  }
  const owner = await readFile(path, "utf8").catch(() => "");
  if (owner !== "" && !isAlive(Number(owner))) await rm(path, { force: true });
  return false;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Another user's.
    return codeOf(error) === "EPERM";
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}
