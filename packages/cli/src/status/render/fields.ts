import { relativeTime, timeAndDistance } from "../../output/relative-time.ts";
import { byteSize } from "../byte-size.ts";
import type { StatusAuthority, StatusReplica, StatusReport } from "../report.ts";

type Field = readonly [name: string, value: string];

/** The values of a report, one line each if all is well. */
export function fieldsOf(report: StatusReport): readonly Field[] {
  const { replicas, source } = report;
  const fields: Field[] = [
    ["ca", source.kind === "cluster" ? summaryOf(report) : caOf(replicas[0], report)],
    ...activityFields(report),
    ["signs", signersOf(report)],
    ["rotation", rotationOf(report)],
    ["identities", identitiesText(report)],
    [
      "ledger",
      replicas
        .map((one) => ofReplica(one, ledgerOf(one), report))
        .filter(Boolean)
        .join("; "),
    ],
    [
      "disk",
      replicas
        .map((one) => ofReplica(one, diskOf(one), report))
        .filter(Boolean)
        .join("; "),
    ],
    ["clock", clockText(report)],
    ...(source.kind === "cluster" ? replicas.map((one): Field => [one.name, caOf(one, report)]) : []),
  ];
  return fields.filter(([, value]) => value !== "");
}

function ofReplica({ name }: StatusReplica, value: string, { replicas }: StatusReport): string {
  return value === "" || replicas.length === 1 ? value : `${name} ${value}`;
}

function summaryOf({ replicas }: StatusReport): string {
  const ready = replicas.filter((one) => one.ready === true).length;
  return `${ready} of ${replicas.length} ${replicas.length === 1 ? "replica" : "replicas"} ready`;
}

function caOf(one: StatusReplica | undefined, { now, findings }: StatusReport): string {
  if (one === undefined) return "";
  const { role, ready, version, startedAt, port, failure } = one;
  if (role === "stopped")
    return findings.some(({ code }) => code === "STATE_LOCKED") ? "does not answer" : "stopped";
  if (role === "unreachable") return `unreachable: ${failure}`;
  const state = ready === undefined ? "runs" : ready ? "ready" : "not ready";
  const since = startedAt === undefined ? "" : `started ${relativeTime(startedAt, now)}`;
  const waiting = port === undefined || port.waiting === 0 ? "" : `, ${port.waiting} calls waiting`;
  const load =
    port === undefined ? "" : `${port.connections} of ${port.maxConnections} connections${waiting}`;
  const release = version === undefined ? "" : `release ${version}`;
  const shown = role === "leader" || role === "follower" ? role : "";
  return [state, shown, since, release, load].filter((part) => part !== "").join(", ");
}

function activityFields({ activity, source }: StatusReport): readonly Field[] {
  if (activity === undefined || source.kind === "stopped") return [];
  const { lastMinute, lastTenMinutes, lastHour, refusedLastTenMinutes: refused } = activity;
  return [
    ["issued", `${lastMinute} in the last minute, ${lastTenMinutes} in 10 minutes, ${lastHour} in an hour`],
    ["refused", refused === 0 ? "none in 10 minutes" : `${refused} in 10 minutes`],
  ];
}

function signersOf({ authorities, now }: StatusReport): string {
  const signing = authorities.filter(({ signs }) => signs);
  const one = ({ id, notAfter }: StatusAuthority) =>
    notAfter <= now
      ? `${id} (expired ${relativeTime(notAfter, now)})`
      : `${id} (expires ${relativeTime(notAfter, now)})`;
  return signing.map(one).join(", ");
}

function rotationOf({ nextRotation, authorities, now }: StatusReport): string {
  if (authorities.length === 0) return "";
  if (nextRotation === undefined) return "none planned";
  const { kind, authority, successor, stage, at, reason } = nextRotation;
  if (stage === undefined)
    return at === undefined ? "none planned" : `${authority} rotates ${timeAndDistance(at, now)}`;
  const next = at === undefined ? "" : `, next stage ${at <= now ? "now" : relativeTime(at, now)}`;
  return `${kind} ${authority} to ${successor}: ${stage}${next} (${reason})`;
}

function identitiesText({ identities, now }: StatusReport): string {
  if (identities === undefined) return "";
  const { live, late, soonest, partial } = identities;
  const more = partial ? " or more" : "";
  const [next] = soonest;
  const first = next === undefined ? "" : `, ${next.spiffeId} ${relativeTime(next.notAfter, now)}`;
  return `${grouped(live)}${more} live, ${late === 0 ? "none" : grouped(late)} about to expire${late === 0 ? "" : first}`;
}

function ledgerOf({ ledger }: StatusReplica): string {
  if (ledger === undefined) return "";
  const { entries, signed, bytes, limitBytes, writable } = ledger;
  const limit = limitBytes === 0 ? "" : ` of at most ${byteSize(limitBytes)}`;
  const unsigned = entries > signed ? `, ${grouped(entries - signed)} not signed yet` : "";
  return `${grouped(entries)} entries, ${byteSize(bytes)}${limit}${unsigned}${writable ? "" : ", cannot be written"}`;
}

function diskOf({ ledger }: StatusReplica): string {
  if (ledger === undefined || ledger.diskSize === 0) return "";
  return `${byteSize(ledger.diskFree)} free of ${byteSize(ledger.diskSize)}`;
}

function clockText({ replicas, ...report }: StatusReport): string {
  const texts = replicas.map((one) => clockOf(one));
  const known = texts.filter((text) => text !== "");
  if (new Set(known).size <= 1) return known[0] ?? "";
  return replicas.map((one, at) => ofReplica(one, texts[at] ?? "", { ...report, replicas })).join("; ");
}

function clockOf({ clock }: StatusReplica): string {
  if (clock === undefined) return "";
  const { state, aheadMs } = clock;
  if (state === "trusted" || Math.abs(aheadMs) < 1000) return state;
  const far = relativeTime(new Date(Math.abs(aheadMs)), new Date(0)).replace(/^in /, "");
  return `${state}, ${far} ${aheadMs > 0 ? "ahead" : "behind"}`;
}

/** `12,345`. */
function grouped(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ",");
}
