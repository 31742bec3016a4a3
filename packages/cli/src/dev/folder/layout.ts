import { join } from "node:path";

/** The name of the folder, which is found upwards like `.git`. */
export const folderName = ".kasbah";

/** The files of a project's folder. */
export interface Layout {
  readonly folder: string;
  readonly document: string;
  readonly documentLock: string;
  readonly startLock: string;
  readonly gitignore: string;
  readonly tokens: string;
  readonly policy: string;
  readonly caState: string;
  readonly caLog: string;
}

export function devLayoutOf(folder: string): Layout {
  return {
    folder,
    document: join(folder, "dev.json"),
    documentLock: join(folder, "dev.lock"),
    startLock: join(folder, "start.lock"),
    gitignore: join(folder, ".gitignore"),
    tokens: join(folder, "tokens"),
    policy: join(folder, "policy.yaml"),
    caState: join(folder, "ca"),
    caLog: join(folder, "ca.log"),
  };
}
