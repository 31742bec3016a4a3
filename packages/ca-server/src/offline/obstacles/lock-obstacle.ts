import { access } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describeHolder } from "../../store/lock-holder.ts";
import type { StartObstacle } from "./start-obstacle.ts";

const sqliteBusy = 5;

/** The process that uses the directory, which need not answer; undefined if there is none. It does not take the lock. */
export async function findLockHolder(control: string): Promise<StartObstacle | undefined> {
  const path = join(control, "lock");
  const exists = await access(path).then(
    () => true,
    () => false,
  );
  if (!exists || !isLocked(path)) return undefined;
  const holder = await describeHolder(control);
  return {
    code: "STATE_LOCKED",
    what: `a process${holder} uses the state directory, but does not answer: it is starting, or hangs, or has another admin socket`,
  };
}

function isLocked(path: string): boolean {
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(path, { readOnly: true, timeout: 200 });
    database.prepare("SELECT count(*) FROM sqlite_master").get();
    return false;
  } catch (error) {
    return error instanceof Error && "errcode" in error && error.errcode === sqliteBusy;
  } finally {
    database?.close();
  }
}
