import { realpath, rm } from "node:fs/promises";
import type { DevDeps } from "./dev-deps.ts";
import type { DevStore } from "./folder/dev-store.ts";
import { byName } from "./folder/document.ts";
import { withFolderErrors } from "./folder/folder-error.ts";
import type { Layout } from "./folder/layout.ts";
import { endProcess } from "./process/end-process.ts";

/** What was stopped. */
export interface Stopped {
  readonly ca: boolean;
  /** The names of the runs, in order. */
  readonly runs: readonly string[];
}

/** Ends the runs and the CA of a folder; does nothing if none runs. */
export async function stopProject(store: DevStore, deps: DevDeps): Promise<Stopped> {
  const { ca, runs: found } = await store.read();
  const runs = byName(found);
  const ended = await Promise.all(runs.map((run) => endProcess(run, deps)));
  const caEnded = ca !== undefined && (await endProcess(ca, deps));
  await store.update(({ ca: _, ...rest }) => ({
    ...rest,
    runs: rest.runs.filter(({ mark }) => !runs.some((run) => run.mark === mark)),
  }));
  return {
    ca: caEnded,
    runs: runs
      .filter((_, i) => ended[i])
      .map(({ name }) => name)
      .toSorted(),
  };
}

/** Deletes the folder with its keys, even if it is a link to another place. @throws CliError `DEV_FOLDER_UNUSABLE` */
export function purgeFolder({ folder }: Pick<Layout, "folder">): Promise<void> {
  return withFolderErrors(folder, async () => {
    await rm(await realpath(folder), { recursive: true, force: true });
    await rm(folder, { recursive: true, force: true });
  });
}
