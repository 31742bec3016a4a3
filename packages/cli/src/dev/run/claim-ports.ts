import { formatHostPort, type HostPort } from "@kasbah/runtime";
import { CliError } from "../../errors.ts";
import type { DevDeps } from "../dev-deps.ts";
import type { DevStore } from "../folder/dev-store.ts";
import type { DevDocument, RunRecord } from "../folder/document.ts";
import { whyUnusable } from "../process/ports.ts";
import { isRunning } from "../process/process-mark.ts";
import { refuseWrongPeer } from "./wrong-peer.ts";

/**
 * Records a run with its ports, so that no other run of the folder takes them.
 *
 * @throws CliError `PORT_TAKEN`, which names the other run if it is one of this folder; `UPSTREAM_UNKNOWN`
 */
export async function claimPorts(run: RunRecord, store: DevStore, deps: DevDeps): Promise<void> {
  await store.update(async (document) => {
    const { runs, ...rest } = await withoutEndedRuns(document, deps);
    refusePortOfCa(run, rest);
    refuseTakenPort(run, runs);
    refuseWrongPeer(run, runs);
    return { ...rest, runs: [...runs, run] };
  });
  try {
    for (const { flag, address } of ownPorts(run)) await refuseForeignPort(flag, address);
  } catch (error) {
    await releasePorts(run, store);
    throw error;
  }
}

/** Forgets a run that has ended. */
export async function releasePorts(run: RunRecord, store: DevStore): Promise<void> {
  const isOther = ({ pid, mark }: RunRecord) => pid !== run.pid || mark !== run.mark;
  await store.update((document) => ({ ...document, runs: document.runs.filter(isOther) }));
}

/** A run that was killed could not remove its record. */
export async function withoutEndedRuns(document: DevDocument, deps: DevDeps): Promise<DevDocument> {
  const live = await Promise.all(document.runs.map((run) => isRunning(run, deps)));
  return { ...document, runs: document.runs.filter((_, i) => live[i]) };
}

function refusePortOfCa(run: RunRecord, { ca }: Pick<DevDocument, "ca">): void {
  const used = [ca?.grpcAddress.port, ca?.httpAddress.port];
  const taken = ownPorts(run).find(({ address }) => used.includes(address.port));
  if (taken === undefined) return;
  throw new CliError(
    "PORT_TAKEN",
    `port ${taken.address.port} is used by the CA of this folder: choose another port in ${taken.flag}`,
  );
}

function refuseTakenPort(run: RunRecord, others: readonly RunRecord[]): void {
  for (const { flag, address } of ownPorts(run)) {
    const holder = others.find((other) => ownPorts(other).some((used) => used.address.port === address.port));
    if (holder === undefined) continue;
    throw new CliError(
      "PORT_TAKEN",
      `port ${address.port} is used by ${holder.name} (kasbah dev run with pid ${holder.pid}): stop it, or choose another port in ${flag}`,
    );
  }
}

async function refuseForeignPort(flag: string, address: HostPort): Promise<void> {
  const reason = await whyUnusable(address);
  if (reason === undefined) return;
  const { port } = address;
  if (reason === "EADDRINUSE") {
    throw new CliError(
      "PORT_TAKEN",
      `port ${port} is used by another program: stop it, or choose another port in ${flag}`,
    );
  }
  const why = reason === "EACCES" ? "only root may use it" : `the system reports ${reason}`;
  throw new CliError(
    "PORT_TAKEN",
    `cannot listen on ${formatHostPort(address)}: ${why}; choose another port in ${flag}`,
  );
}

function ownPorts({ listen, upstreams }: RunRecord) {
  return [
    ...listen.map(({ address }) => ({ flag: "--listen", address })),
    ...upstreams.map(({ address }) => ({ flag: "--upstream", address })),
  ];
}
