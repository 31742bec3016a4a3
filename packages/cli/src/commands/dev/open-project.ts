import { defaultTrustDomain, type RunningCa } from "../../dev/ca/ensure-ca.ts";
import type { DevDeps } from "../../dev/dev-deps.ts";
import { DevStore } from "../../dev/folder/dev-store.ts";
import type { DevDocument } from "../../dev/folder/document.ts";
import { type FolderChoice, requireFolder } from "../../dev/folder/find-folder.ts";
import type { Layout } from "../../dev/folder/layout.ts";
import { openDevFolder } from "../../dev/folder/prepare-folder.ts";
import { isRunning } from "../../dev/process/process-mark.ts";
import { CliError } from "../../errors.ts";

/** The folder of a project, with its records. */
export interface Project {
  readonly layout: Layout;
  readonly store: DevStore;
  readonly document: DevDocument;
}

/** @throws CliError `DEV_FOLDER_MISSING` or `DEV_FOLDER_UNUSABLE` */
export async function openProject(choice: FolderChoice, deps: DevDeps): Promise<Project> {
  const folder = await requireFolder(choice, deps);
  return openFolder(await openDevFolder(folder, deps), deps);
}

export async function openFolder(layout: Layout, deps: DevDeps): Promise<Project> {
  const store = new DevStore(layout, { clock: deps.clock, trustDomain: defaultTrustDomain });
  return { layout, store, document: await store.read() };
}

/** @throws CliError `DEV_CA_STOPPED` */
export async function requireCa({ layout, document }: Project, deps: DevDeps): Promise<RunningCa> {
  const { ca, trustDomain } = document;
  if (ca !== undefined && (await isRunning(ca, deps))) return { ca, trustDomain, isNew: false };
  throw new CliError(
    "DEV_CA_STOPPED",
    `the CA in ${layout.folder} is not running: start it with kasbah dev up`,
  );
}
