import { X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { formatHostPort } from "@kasbah/runtime";
import { rootPathIn } from "../mesh/daemons/ca-arguments.ts";
import { readAgentPage } from "./agent-page.ts";
import type { DevDeps } from "./dev-deps.ts";
import { byName, type DevDocument, type RunRecord } from "./folder/document.ts";
import type { Layout } from "./folder/layout.ts";
import { isRunning } from "./process/process-mark.ts";
import { withoutEndedRuns } from "./run/claim-ports.ts";

/** What runs in a project's folder, without a key. */
export interface DevStatus {
  readonly folder: string;
  readonly trustDomain: string;
  readonly ca: {
    readonly running: boolean;
    readonly pid?: number;
    /** As kasbah-agent takes it in `--ca-address`. */
    readonly address?: string;
    readonly log: string;
  };
  readonly root: { readonly path: string; readonly notAfter?: string };
  readonly runs: readonly (Pick<RunRecord, "name" | "pid" | "listen" | "upstreams"> & {
    /** Absent if the agent does not answer. */
    readonly notAfter?: string;
  })[];
  readonly certificates: DevDocument["certificates"];
}

export async function devStatus(layout: Layout, found: DevDocument, deps: DevDeps): Promise<DevStatus> {
  const { trustDomain, ca, runs, certificates } = await withoutEndedRuns(found, deps);
  const isUp = ca !== undefined && (await isRunning(ca, deps));
  const root = rootPathIn(layout.caState);
  const rootNotAfter = await expiryOf(root);
  return {
    folder: layout.folder,
    trustDomain,
    ca: {
      running: isUp,
      ...(isUp ? { pid: ca.pid, address: formatHostPort(ca.grpcAddress) } : {}),
      log: layout.caLog,
    },
    root: { path: root, ...(rootNotAfter === undefined ? {} : { notAfter: rootNotAfter }) },
    runs: await Promise.all(byName(runs).map(runStatus)),
    certificates: await existing(certificates),
  };
}

async function runStatus({ name, pid, listen, upstreams, statusAddress }: RunRecord) {
  const notAfter = (await readAgentPage(statusAddress))?.certificate?.notAfter;
  return { name, pid, listen, upstreams, ...(notAfter === undefined ? {} : { notAfter }) };
}

/** Files that were deleted since are no longer listed, and those that another command replaced have a new expiry. */
async function existing(certificates: DevDocument["certificates"]): Promise<DevDocument["certificates"]> {
  const expiries = await Promise.all(
    certificates.map(({ directory }) => expiryOf(`${directory}/cert-chain.pem`)),
  );
  return certificates.flatMap((each, i) => {
    const notAfter = expiries[i];
    return notAfter === undefined ? [] : [{ ...each, notAfter }];
  });
}

async function expiryOf(path: string): Promise<string | undefined> {
  try {
    return new X509Certificate(await readFile(path)).validToDate.toISOString();
  } catch {
    return undefined;
  }
}
