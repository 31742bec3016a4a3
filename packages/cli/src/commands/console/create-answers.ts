import type { ConsoleSource } from "@kasbah/console";
import type { ConsoleAnswers } from "../../console/answers/console-answers.ts";
import { listIdentities } from "../../console/answers/identities.ts";
import { describeRefusals, maxListedRefusals } from "../../console/answers/refusals.ts";
import { describeRotation } from "../../console/answers/rotation.ts";
import { describeSource, describeStatus } from "../../console/answers/status.ts";
import { CliError } from "../../errors.ts";
import { namesCluster } from "../../kubectl/cluster-choice.ts";
import { gatherStatus } from "../../status/gather-status.ts";
import { type AuditLocation, auditSourceOf } from "../audit/location.ts";
import { readStatus } from "../authority/status-source.ts";
import { type CaLocation, offlineDirectoryOf } from "../ca-location.ts";
import type { CommandDeps } from "../command-deps.ts";
import { readRefusals } from "../refusals/read-refusals.ts";
import { statusPlaceOf } from "../status/status-place.ts";

/**
 * Answers from a CA on this machine, from the state directory of a stopped one, or from replicas in a cluster. @throws
 * CliError if nothing at all is known about the CA
 */
export async function createConsoleAnswers(location: CaLocation, deps: CommandDeps): Promise<ConsoleAnswers> {
  const place = await statusPlaceOf(location, deps);
  const { source } = await gatherStatus(place);
  const head = (isRunning: boolean): { readonly source: ConsoleSource; readonly now: string } => {
    const kind = source.kind === "cluster" ? "cluster" : isRunning ? "running" : "stopped";
    const found = describeSource({ ...source, kind, readAt: deps.clock.now() });
    return { source: found, now: found.readAt };
  };
  return {
    async status() {
      return describeStatus(await gatherStatus(place));
    },
    async rotation() {
      const { status, isAnswered } = await readStatus(location, deps);
      return { ...head(isAnswered), ...describeRotation(status) };
    },
    async identities() {
      const answer = await auditSourceOf(ledgersOf(location, deps), deps).identities(deps.clock.now());
      return {
        ...head(await isRunning(location, deps)),
        ...listIdentities(answer, source.kind === "cluster"),
      };
    },
    async refusals(since) {
      const list = await readRefusals(ledgersOf(location, deps), { since }, maxListedRefusals, deps);
      const described = describeRefusals(list, (code) => place.explain(code));
      return { ...head(await isRunning(location, deps)), since: since.toISOString(), ...described };
    },
  };
}

/** @throws CliError if only a socket is known: the default directory may hold the ledger of another CA */
function ledgersOf(location: CaLocation, deps: CommandDeps): AuditLocation {
  const { stateDir: _, ...choice } = location;
  if (namesCluster(location)) return choice;
  const directory = offlineDirectoryOf(location, deps);
  if (directory !== undefined) return { stateDir: [directory] };
  throw new CliError("TARGET_UNREACHABLE", "the ledger is in the CA's state directory: add --state-dir");
}

async function isRunning(location: CaLocation, deps: CommandDeps): Promise<boolean> {
  if (namesCluster(location)) return true;
  const failed = (error: unknown) => !(error instanceof CliError && error.code === "ADMIN_UNREACHABLE");
  return readStatus(location, deps).then(({ isAnswered }) => isAnswered, failed);
}
