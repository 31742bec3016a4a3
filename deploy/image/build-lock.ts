import { randomUUID } from "node:crypto";
import { link, readFile, rm, writeFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";

/**
 * Runs work while no other process holds the lock. A lock whose owner is dead is taken over. If two processes
 * do so concurrently, both build: this wastes time but is safe, because a build ends with a rename.
 */
export async function withBuildLock(
  path: string,
  say: (line: string) => void,
  work: () => Promise<void>,
): Promise<void> {
  for (let waits = false; !(await take(path)); waits = true) {
    if (!waits) say("another build is running; waiting for it");
    await sleep(500);
  }
  try {
    await work();
  } finally {
    await rm(path, { force: true });
  }
}

async function take(path: string): Promise<boolean> {
  // Written in full before it gets its name: an empty lock has no owner, and others would wait forever.
  const own = `${path}.${randomUUID()}`;
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
    // The process belongs to another user.
    return codeOf(error) === "EPERM";
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}
