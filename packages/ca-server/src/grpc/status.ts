import { encodeStatusDetails } from "@kasbah/protocol";
import { grpcStatus, type RpcStatus } from "@kasbah/runtime/rpc";
import { CaError, type CaErrorCode } from "../errors.ts";
import { type StatusRow, statusTable } from "./status-table.ts";

const { INTERNAL, RESOURCE_EXHAUSTED } = grpcStatus;
const unknownRow: StatusRow = {
  status: INTERNAL,
  discloses: "nothing",
  level: "error",
  citadel: "UNKNOWN",
  alert: "KasbahHighRefusalRate",
};
/** Stock agents retry five times within 1.5 s; this requests the last of their delays. */
const defaultRetryAfterMs = 1_000;
/** The namespace of the codes (`google.rpc.ErrorInfo`). */
const errorDomain = "kasbah";
const maxMessageBytes = 800;
const maxFactBytes = 250;

/** A refusal with its reply, log level and counters. */
export interface Refusal {
  /** `INTERNAL` if the error has no code of the CA. */
  readonly code: CaErrorCode | "INTERNAL";
  readonly row: StatusRow;
  /** Encoded on first use, because some callers need only the code. */
  readonly status: RpcStatus;
}

/** Maps any thrown error to a refusal. The text of an error without a row never reaches the caller. */
export function refusalOf(error: unknown, referenceId: string, traceId?: string): Refusal {
  const call = { referenceId, traceId };
  if (error instanceof CaError)
    return new CodedRefusal(error.code, statusTable[error.code], { error, ...call });
  return new CodedRefusal("INTERNAL", unknownRow, call);
}

class CodedRefusal implements Refusal {
  readonly code: Refusal["code"];
  readonly row: StatusRow;
  readonly #context: RefusalContext;
  #status: RpcStatus | undefined;

  constructor(code: Refusal["code"], row: StatusRow, context: RefusalContext) {
    this.code = code;
    this.row = row;
    this.#context = context;
  }

  get status(): RpcStatus {
    this.#status ??= statusOf(this.code, this.row, this.#context);
    return this.#status;
  }
}

interface RefusalContext {
  readonly error?: CaError;
  readonly referenceId: string;
  /** Undefined if the call is not traced. */
  readonly traceId: string | undefined;
}

function statusOf(name: Refusal["code"], row: StatusRow, context: RefusalContext): RpcStatus {
  const code = row.status;
  const message = `${publicText(name, row, context)} (${namesOf(context)})`;
  const retryAfterMs = retryAfterOf(row, context);
  const retry = retryAfterMs === undefined ? {} : { retryAfterMs };
  const errorInfo = { reason: name, domain: errorDomain, metadata: metadataOf(row, context) };
  return { code, message, ...retry, details: encodeStatusDetails({ code, message, errorInfo, ...retry }) };
}

/** The names under which operators find the call. */
function namesOf({ referenceId, traceId }: RefusalContext): string {
  return traceId === undefined ? `reference ${referenceId}` : `reference ${referenceId}, trace ${traceId}`;
}

function publicText(name: string, { discloses }: StatusRow, { error }: RefusalContext): string {
  if (discloses === "reason") return cut(`${name}: ${error?.message}`, maxMessageBytes);
  return discloses === "retry" ? `${name}: try again later` : "internal error";
}

/** The facts of the message in machine-readable form. */
function metadataOf(
  { discloses }: StatusRow,
  { error, referenceId, traceId }: RefusalContext,
): Record<string, string> {
  const names = traceId === undefined ? { referenceId } : { referenceId, traceId };
  if (discloses !== "reason" || error === undefined) return names;
  const facts = Object.entries(error.facts).filter(([, text]) => text !== undefined);
  return Object.fromEntries([
    ["problem", cut(error.problem, maxFactBytes)],
    ...facts.map(([name, text]) => [name, cut(String(text), maxFactBytes)]),
    ...Object.entries(names),
  ]);
}

function retryAfterOf({ status, discloses }: StatusRow, { error }: RefusalContext): number | undefined {
  if (discloses !== "retry" && status !== RESOURCE_EXHAUSTED) return undefined;
  return error?.retryAfterMs ?? defaultRetryAfterMs;
}

/** Message and facts together stay well below the 4 KiB of trailers that peers accept. */
function cut(text: string, maxBytes: number): string {
  // A character of UTF-16 takes at most three bytes of UTF-8, so most texts need no conversion.
  if (text.length * 3 <= maxBytes) return text;
  const bytes = Buffer.from(text);
  if (bytes.length <= maxBytes) return text;
  // A character cut in two decodes to U+FFFD, which is removed too.
  return `${bytes
    .subarray(0, maxBytes - 3)
    .toString()
    .replace(/\ufffd+$/, "")}…`;
}
