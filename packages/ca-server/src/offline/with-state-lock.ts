import { DirectoryLock, type LockHolder } from "../store/directory-lock.ts";
import { prepareStateDirectory, type StateDirectory } from "../store/state-directory.ts";

/**
 * Works on a state directory that no other process may use meanwhile, and creates it if it is missing.
 * @throws StateError `STATE_LOCKED` if a CA runs on it
 */
export async function withStateLock<T>(
  stateDirectory: string,
  holder: LockHolder,
  work: (state: StateDirectory) => Promise<T>,
): Promise<T> {
  const state = await prepareStateDirectory(stateDirectory);
  const lock = new DirectoryLock(state.control, holder);
  await lock.start();
  try {
    return await work(state);
  } finally {
    await lock.stop();
  }
}
