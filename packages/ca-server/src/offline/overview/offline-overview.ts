import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type LedgerDirectory, ledgerDirectoryAt, volumeOf } from "@kasbah/ledger";
import type { KnownHeadsMessage, OverviewMessage } from "@kasbah/protocol";
import { errnoOf } from "@kasbah/runtime";
import { recordFile } from "../../clock/record.ts";
import { agreementMs, roughly } from "../../clock/state.ts";
import { StateError } from "../../errors.ts";
import { stateDirectoryAt } from "../../store/state-directory.ts";
import { readStoredHeads } from "../ledger-heads.ts";
import { readStoredLedger, type StoredLedger } from "./stored-ledger.ts";

/**
 * The overview of a stopped CA, from its state directory alone. The activity is that of the hour before its last
 * decision. It changes nothing, and works even if the control state is damaged or elsewhere.
 *
 * @throws StateError `STATE_MISSING` if there is no directory, or this user may not read it
 */
export async function readOfflineOverview(stateDirectory: string, now: Date): Promise<OverviewMessage> {
  const { control, ledger } = stateDirectoryAt(stateDirectory);
  const directory = ledgerDirectoryAt(ledger);
  const disk = await volumeOf(stateDirectory).catch((cause: unknown) => {
    throw unreadable(stateDirectory, cause);
  });
  const stored = await readStoredLedger(directory, now);
  const origin = await originOf(directory);
  const heads = await readStoredHeads(stateDirectory, origin === "" ? undefined : origin).catch(
    (cause: unknown) => {
      throw unreadable(control, cause);
    },
  );
  const { entries, signed, bytes, failure, activity, identities } = stored;
  return {
    ...{ version: "", replica: heads.replica, trustDomain: origin.split("/", 1)[0] ?? "" },
    ...{ now, startedAt: undefined, ready: false, reasons: ["the CA is stopped"], role: "stopped" },
    warnings: warningsAbout(stored, now),
    ledger: {
      ...{ writable: failure === "" && disk.free > 0, failure: failure || fullText(disk) },
      ...{ entries, signed, bytes, limitBytes: 0, diskFree: disk.free, diskSize: disk.size },
      loss: lossOf(heads, entries),
    },
    port: { connections: 0, maxConnections: 0, inFlight: 0, waiting: 0, workers: 0 },
    ...{ activity, identities, clock: await clockOf(control, now) },
  };
}

function fullText({ free }: { readonly free: number }): string {
  return free > 0 ? "" : "no space left on the device (ENOSPC)";
}

function warningsAbout({ isPart, activity }: StoredLedger, now: Date): readonly string[] {
  const isOld = activity.endsAt.getTime() <= now.getTime();
  const until = `the activity is that of the hour before ${activity.endsAt.toISOString()}`;
  return [
    ...(isOld ? [until] : []),
    ...(isPart ? ["the ledger is long: only its newest entries were read for the activity"] : []),
  ];
}

/** The loss that the control state names, or shows because the ledger has fewer entries than it had. */
function lossOf({ heads }: KnownHeadsMessage, entries: number): string {
  const own = heads.find(({ where }) => where === "the control state");
  if (own === undefined) return "";
  if (own.loss !== undefined) return own.loss.found;
  return own.size <= entries
    ? ""
    : `the ledger has ${entries} entries, but the control state names ${own.size}`;
}

/** The name of the log, which begins with the trust domain. */
async function originOf({ verifierKey }: LedgerDirectory): Promise<string> {
  const text = await readFile(verifierKey, "utf8").catch(() => "");
  return text.split("+", 1)[0] ?? "";
}

/** A stopped CA cannot judge the clock; but it was never behind a time that has passed. */
async function clockOf(control: string, now: Date): Promise<OverviewMessage["clock"]> {
  const record = await recordFile(join(control, "clock.json"))
    .read()
    .catch(() => undefined);
  const behindMs = (record?.trustedMs ?? Number.NEGATIVE_INFINITY) - now.getTime();
  if (record === undefined || behindMs <= agreementMs) return { state: "trusted", reason: "", wallTime: now };
  const last = new Date(record.trustedMs).toISOString();
  const reason = `the clock is ${roughly(behindMs)} behind the last trusted time (${last})`;
  return { state: "suspect", reason, wallTime: now };
}

function unreadable(path: string, cause: unknown): StateError {
  const problem = errnoOf(cause) === "ENOENT" ? "does not exist" : "cannot be read";
  return new StateError("STATE_MISSING", `${path} ${problem}`, { cause });
}
