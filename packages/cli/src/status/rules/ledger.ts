import type { VolumeBytes } from "@kasbah/ledger";
import { shellWord } from "../../output/shell-word.ts";
import { byteSize } from "../byte-size.ts";
import type { StatusFinding } from "../finding.ts";
import type { ReplicaFacts } from "../status-facts.ts";
import { commandAt, type RuleContext } from "./rule.ts";

/** As the alerts KasbahStateDiskFilling and KasbahLedgerFilling. */
const shares = { warning: 0.1, critical: 0.03, ledger: 0.8 } as const;

/** Less than the CA needs for one more entry and its state. */
const noSpaceBytes = 64 * 1024;

/** The ledger, and the volume on which it is. */
export function judgeLedger(one: ReplicaFacts, context: RuleContext): readonly StatusFinding[] {
  const ledger = one.overview?.ledger;
  if (ledger === undefined) return [];
  const volume = { free: ledger.diskFree, size: ledger.diskSize };
  const full = ledger.writable ? [] : [unwritable(ledger.failure, context)];
  const isFull = full.some(({ code }) => code === "DISK_FULL");
  return [
    ...full,
    ...(ledger.loss === "" ? [] : [lost(ledger.loss, one, context)]),
    ...(isFull ? [] : filling(volume, context)),
    ...nearItsLimit(ledger),
  ];
}

function unwritable(failure: string, context: RuleContext): StatusFinding {
  const isFull = /\((ENOSPC|EDQUOT)\)/.test(failure);
  const reason = failure === "" ? "" : `: ${failure}`;
  return {
    level: "critical",
    ...(isFull
      ? ({ area: "disk", code: "DISK_FULL" } as const)
      : ({ area: "ledger", code: "LEDGER_UNAVAILABLE" } as const)),
    what: `the ledger cannot be written${reason}: the CA issues nothing that it cannot record`,
    fix: isFull
      ? freeSpace(context)
      : "repair the volume of the state directory; the CA then continues by itself",
    page: "docs/runbooks/disk-full.md",
  };
}

/** In a cluster, the page has the command for the claim of the volume. */
export function freeSpace({ facts }: Pick<RuleContext, "facts">): string {
  const { stateDirectory } = facts.source;
  const look =
    stateDirectory === undefined ? "" : ` (du -x -d 1 ${shellWord(stateDirectory)} shows what takes it)`;
  return `free or add space on the volume of the state directory${look}; the CA then continues by itself`;
}

function lost(loss: string, one: ReplicaFacts, context: RuleContext): StatusFinding {
  const accept = commandAt(one, context, "audit accept-loss --reason TEXT");
  const start = one.stopped === undefined ? "" : "start the CA, ";
  return {
    ...{ level: "critical", area: "ledger", code: "LEDGER_LOST" },
    what: `the ledger was lost: ${loss}`,
    fix: `${start}examine ledger/evidence in the state directory, then ${accept}`,
    page: "docs/runbooks/ledger-loss.md",
  };
}

function filling({ free, size }: VolumeBytes, context: RuleContext): readonly StatusFinding[] {
  if (size <= 0) return [];
  const left = `the volume of the state directory has ${byteSize(free)} left of ${byteSize(size)}`;
  if (free < noSpaceBytes) {
    const what = `${left}: the CA can record nothing, so it issues nothing`;
    const fix = freeSpace(context);
    const page = "docs/runbooks/disk-full.md";
    return [{ level: "critical", area: "disk", code: "DISK_FULL", what, fix, page }];
  }
  const share = free / size;
  if (share >= shares.warning) return [];
  return [
    {
      level: share < shares.critical ? "critical" : "warning",
      ...{ area: "disk", code: "DISK_FILLING", what: `${left}: when it is full, no certificate is issued` },
      fix: "enlarge the volume, or delete files that are not the CA's",
      page: "docs/runbooks/state-disk-filling.md",
    },
  ];
}

function nearItsLimit({
  bytes,
  limitBytes,
}: {
  bytes: number;
  limitBytes: number;
}): readonly StatusFinding[] {
  if (limitBytes <= 0 || bytes / limitBytes <= shares.ledger) return [];
  return [
    {
      ...{ level: "warning", area: "ledger", code: "LEDGER_FILLING" },
      what: `the ledger takes ${byteSize(bytes)} of at most ${byteSize(limitBytes)}: beyond that, the CA deletes its oldest entries`,
      fix: "enlarge the volume, or shorten --ledger-retention",
      page: "docs/runbooks/ledger-filling.md",
    },
  ];
}
