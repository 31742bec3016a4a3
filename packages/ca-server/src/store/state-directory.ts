import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { holdsEntries, ledgersIn } from "@kasbah/ledger";
import { ensureDirectory, errnoOf } from "@kasbah/runtime";

/** Where things lie in a state directory. */
export interface StateDirectory {
  /** Keys; only the CA's user may enter. */
  readonly authorities: string;
  /** What is known of the authorities; only the CA's user may enter. */
  readonly control: string;
  /** What was decided; only the CA's user may enter. */
  readonly ledger: string;
  /** The trust bundle, for everybody on this machine. */
  readonly publicBundle: string;
  readonly adminSocket: string;
}

/** Where things lie in the state directory at `path`; nothing is looked up. */
export function stateDirectoryAt(path: string): StateDirectory {
  return {
    authorities: join(path, "authorities"),
    control: join(path, "control"),
    ledger: ledgersIn(path),
    publicBundle: join(path, "public", "root-cert.pem"),
    adminSocket: join(path, "admin.sock"),
  };
}

/** Makes the directories that are missing. @throws RuntimeError when a private one is open to others */
export async function prepareStateDirectory(path: string): Promise<StateDirectory> {
  const state = stateDirectoryAt(path);
  await ensureDirectory(path, 0o755);
  for (const directory of [state.authorities, state.control, state.ledger]) {
    await ensureDirectory(directory, 0o700);
  }
  await ensureDirectory(join(path, "public"), 0o755);
  return state;
}

/** Whether a root was in use here: a key lies here, its bundle was published, or something was issued. */
export async function showsFormerRoot(state: StateDirectory): Promise<boolean> {
  const authorities = await readdir(state.authorities);
  if (authorities.some((name) => !name.startsWith("."))) return true;
  return (await sizeOf(state.publicBundle)) > 0 || (await holdsEntries(state.ledger));
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return 0;
    throw error;
  }
}
