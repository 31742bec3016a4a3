import { encodeStatusDetails } from "@kasbah/protocol";
import { grpcStatus, type RpcStatus } from "@kasbah/runtime/rpc";
import { CaError, type CaErrorCode } from "../errors.ts";
import { type StatusRow, statusTable } from "./status-table.ts";

const { INTERNAL, RESOURCE_EXHAUSTED } = grpcStatus;
const unknownRow: StatusRow = {
  status: INTERNAL,
  told: "nothing",
  level: "error",
  citadel: "UNKNOWN",
  alert: "KasbahHighRefusalRate",
};
/** Stock agents try five times within 1.5 s by themselves; this asks them for the last of those waits. */
const defaultRetryAfterMs = 1_000;
/** Who defines the codes (`google.rpc.ErrorInfo`). */
const errorDomain = "kasbah";
const maxMessageBytes = 800;
const maxFactBytes = 250;

/** A refusal as it is answered, logged and counted. */
export interface Refusal {
  /** Of our codes, or `INTERNAL` for what has none. */
  readonly code: CaErrorCode | "INTERNAL";
  readonly row: StatusRow;
  readonly status: RpcStatus;
}

/** Maps whatever was thrown; text of errors that have no row never gets out. */
export function refusalOf(error: unknown, referenceId: string): Refusal {
  if (!(error instanceof CaError)) {
    return { code: "INTERNAL", row: unknownRow, status: statusOf("INTERNAL", unknownRow, { referenceId }) };
  }
  const row: StatusRow = statusTable[error.code];
  return { code: error.code, row, status: statusOf(error.code, row, { error, referenceId }) };
}

interface Told {
  readonly error?: CaError;
  readonly referenceId: string;
}

function statusOf(name: Refusal["code"], row: StatusRow, told: Told): RpcStatus {
  const code = row.status;
  const message = `${publicText(name, row, told)} (reference ${told.referenceId})`;
  const retryAfterMs = retryAfterOf(row, told);
  const retry = retryAfterMs === undefined ? {} : { retryAfterMs };
  const errorInfo = { reason: name, domain: errorDomain, metadata: metadataOf(row, told) };
  return { code, message, ...retry, details: encodeStatusDetails({ code, message, errorInfo, ...retry }) };
}

function publicText(name: string, { told }: StatusRow, { error }: Told): string {
  if (told === "reason") return cut(`${name}: ${error?.message}`, maxMessageBytes);
  return told === "later" ? `${name}: try again later` : "internal error";
}

/** The same facts as in the message, for programs. */
function metadataOf({ told }: StatusRow, { error, referenceId }: Told): Record<string, string> {
  if (told !== "reason" || error === undefined) return { referenceId };
  const facts = Object.entries(error.facts).filter(([, text]) => text !== undefined);
  return Object.fromEntries([
    ["problem", cut(error.problem, maxFactBytes)],
    ...facts.map(([name, text]) => [name, cut(String(text), maxFactBytes)]),
    ["referenceId", referenceId],
  ]);
}

function retryAfterOf({ status, told }: StatusRow, { error }: Told): number | undefined {
  if (told !== "later" && status !== RESOURCE_EXHAUSTED) return undefined;
  return error?.retryAfterMs ?? defaultRetryAfterMs;
}

/** Message and facts together stay well below the 4 KiB of trailers that peers take. */
function cut(text: string, maxBytes: number): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= maxBytes) return text;
  // A character that was cut in two decodes to U+FFFD, which goes as well.
  return `${bytes
    .subarray(0, maxBytes - 3)
    .toString()
    .replace(/\ufffd+$/, "")}…`;
}
