import type {
  AuthorityMessage,
  AuthorityStatusMessage,
  LeafMessage,
  RotationMessage,
} from "@kasbah/protocol";
import { printableText } from "@kasbah/runtime";
import { relativeTime, timeAndDistance } from "../output/relative-time.ts";
import { type Cell, table } from "../output/table.ts";
import { authorityTone } from "../output/terminal/expiry-tone.ts";
import { type Look, plainLook } from "../output/terminal/look.ts";
import { paint } from "../output/terminal/paint.ts";
import { rootNotes } from "./root-notes.ts";

/** Explains each stage to a first-time reader. */
const meanings = {
  prepared: "its keys exist, but no trust bundle contains it yet",
  distributed: "every new trust bundle contains it; the previous authority still signs",
  active: "the new authority signs; kasbah authority abort switches back",
  retiring: "the previous authority no longer signs; it stays trusted until its last certificate expires",
  retired: "complete",
} as const;

const following = {
  prepared: "distributed",
  distributed: "active",
  active: "retiring",
  retiring: "done",
  retired: "done",
} as const;

/** Renders the authorities as a table. Retired ones are only counted unless `all` is set. */
export function renderAuthorities(
  status: AuthorityStatusMessage,
  now: Date,
  { all = false, look = plainLook }: { all?: boolean | undefined; look?: Look } = {},
): string {
  const header = ["AUTHORITY", "STAGE", "SIGNS", "KEY", "EXPIRES", "SHA-256"];
  const shown = status.authorities.filter(({ stage }) => all || stage !== "retired");
  const rows = shown.map((authority) => rowOf(authority, now));
  const ends = departures({ ...status, authorities: shown }, now).map((line) => `${printableText(line)}\n`);
  const hidden = status.authorities.length - shown.length;
  const count = hidden === 0 ? "" : `${hidden} retired (use --all to list)\n`;
  const origin = status.authorities.some((one) => one.origin === "plugged-in" && one.stage !== "retired");
  const note = origin ? "\nplugged-in authorities are replaced by the operator (--root-ca-dir)\n" : "";
  const notes = `${note}${rootNotes(status, look)}${warningsOf(status, look)}`;
  return `${table([header, ...rows], { ...look, elastic: [0] })}${ends.join("")}${count}${notes}`;
}

/** The certificate that a stage or a retirement waits for, if it is known. */
function holderLines(leaf: LeafMessage | undefined, now: Date): string[] {
  if (leaf === undefined) return [];
  const { spiffeId, serial, notAfter } = leaf;
  return [`  held by  ${spiffeId}`, `           serial ${serial}, expires ${timeAndDistance(notAfter, now)}`];
}

function rowOf(authority: AuthorityMessage, now: Date): (string | Cell)[] {
  const { id, signs, keyType, notAfter, fingerprint, distrustedAt } = authority;
  const stage =
    distrustedAt === undefined ? authority.stage : { text: "distrusted", tone: "critical" as const };
  // Authorities that no longer sign are expected to expire.
  const tone = signs || authority.stage === "prepared" ? authorityTone(notAfter, now) : undefined;
  const expiry = { text: timeAndDistance(notAfter, now), short: relativeTime(notAfter, now), tone };
  return [id, stage, signs ? "yes" : "-", keyType, expiry, fingerprint.slice(0, 16)];
}

/** Renders the rotation in progress, what it waits for and what happens next. */
export function renderRotation(status: AuthorityStatusMessage, now: Date, look: Look = plainLook): string {
  const { rotation } = status;
  const current = rotation === undefined ? idle(status, now) : underWay(rotation, status.epoch, now);
  const lines = [...current, ...departures(status, now)];
  const text = lines.map((line) => `${printableText(line)}\n`).join("");
  return `${text}${rootNotes(status, look)}${warningsOf(status, look)}`;
}

function idle(status: AuthorityStatusMessage, now: Date): string[] {
  const next = status.authorities.flatMap(({ id, rotatesAt }) =>
    rotatesAt === undefined ? [] : [`  ${id} rotates automatically at ${timeAndDistance(rotatesAt, now)}`],
  );
  return [`no rotation in progress (epoch ${status.epoch})`, ...next];
}

function underWay(rotation: RotationMessage, epoch: number, now: Date): string[] {
  const { kind, from, to, stage, since, reason, mayAdvance, aborted, earliest, leaf } = rotation;
  const what = aborted ? `rotation of the ${kind} aborted: returning from` : `rotation of the ${kind}:`;
  return [
    `${what} ${from} to ${to}`,
    `  stage    ${stage}: ${meanings[stage]}`,
    `  since    ${timeAndDistance(since, now)}`,
    `  next     ${following[stage]}, ${mayAdvance ? "now" : "not yet"}`,
    `  reason   ${reason}`,
    ...(earliest === undefined ? [] : [`  earliest ${timeAndDistance(earliest, now)}`]),
    ...holderLines(leaf, now),
    `  epoch    ${epoch}`,
  ];
}

/** The authorities beside the rotation that wait for their end. */
function departures({ authorities }: AuthorityStatusMessage, now: Date): string[] {
  const retiring = authorities.flatMap(({ id, retiresAt, waitsFor, lastLeaf }) =>
    retiresAt === undefined
      ? []
      : [`${id} ${retirement(retiresAt, now)}: ${waitsFor}`, ...holderLines(lastLeaf, now)],
  );
  const kept = authorities.flatMap(({ id, keyKeptUntil }) =>
    keyKeptUntil === undefined ? [] : [`${id} is retired; its key ${destruction(keyKeptUntil, now)}`],
  );
  return [...retiring, ...kept];
}

/** Its last certificate may have expired, or it may have issued none, while something else holds it. */
function retirement(retiresAt: Date, now: Date): string {
  return retiresAt <= now ? "waits to retire" : `retires at ${timeAndDistance(retiresAt, now)}`;
}

/** Paused rotations and a clock in doubt keep a key for longer. */
function destruction(keyKeptUntil: Date, now: Date): string {
  const time = timeAndDistance(keyKeptUntil, now);
  return keyKeptUntil <= now ? `was due to be destroyed at ${time}` : `is destroyed at ${time}`;
}

function warningsOf({ warnings }: AuthorityStatusMessage, look: Look): string {
  return warnings.map((warning) => `${paint(`! ${printableText(warning)}`, "warning", look)}\n`).join("");
}
