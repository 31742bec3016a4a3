import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { holdsEntries, ledgersIn } from "@kasbah/ledger";
import { ensureDirectory, errnoOf } from "@kasbah/runtime";

/** The paths in a state directory. */
export interface StateDirectory {
  /** Keys. Only the CA's user has access. */
  readonly authorities: string;
  /** The state of the authorities. Only the CA's user has access. */
  readonly control: string;
  /** The ledger. Only the CA's user has access. */
  readonly ledger: string;
  /** The trust bundle, readable by every user of this machine. */
  readonly publicBundle: string;
  readonly adminSocket: string;
}

/** Returns the paths in the state directory at `path` without accessing the disk. */
export function stateDirectoryAt(path: string): StateDirectory {
  return {
    authorities: join(path, "authorities"),
    control: join(path, "control"),
    ledger: ledgersIn(path),
    publicBundle: join(path, "public", "root-cert.pem"),
    adminSocket: join(path, "admin.sock"),
  };
}

/** Creates the missing directories. @throws RuntimeError if other users have access to a private one */
export async function prepareStateDirectory(path: string): Promise<StateDirectory> {
  const state = stateDirectoryAt(path);
  await ensureDirectory(path, 0o755);
  for (const directory of [state.authorities, state.control, state.ledger]) {
    await ensureDirectory(directory, 0o700);
  }
  await ensureDirectory(join(path, "public"), 0o755);
  return state;
}

/** Whether a root was in use: a key exists, its bundle was published, or the ledger has an entry. */
export async function showsFormerRoot(state: StateDirectory): Promise<boolean> {
  if (await holdsAuthorities(state)) return true;
  return (await sizeOf(state.publicBundle)) > 0 || (await holdsEntries(state.ledger));
}

/** Whether a key or a certificate of an authority exists. */
export async function holdsAuthorities({ authorities }: StateDirectory): Promise<boolean> {
  try {
    return (await readdir(authorities)).some((name) => !name.startsWith("."));
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return false;
    throw error;
  }
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return 0;
    throw error;
  }
}
