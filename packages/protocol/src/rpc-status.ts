import { google } from "../generated/messages.js";

const retryInfoTypeUrl = "type.googleapis.com/google.rpc.RetryInfo";
const errorInfoTypeUrl = "type.googleapis.com/google.rpc.ErrorInfo";

/** Why a call was refused, for programs (`google.rpc.ErrorInfo`). */
export interface ErrorInfo {
  /** A stable code, in upper snake case. */
  readonly reason: string;
  /** The domain that defines the code. */
  readonly domain: string;
  readonly metadata: Readonly<Record<string, string>>;
}

/** A refusal as a `google.rpc.Status`, which gRPC sends in the trailer `grpc-status-details-bin`. */
export interface StatusDetails {
  readonly code: number;
  readonly message: string;
  readonly errorInfo?: ErrorInfo;
  /** Sent as `google.rpc.RetryInfo`: how long the client should wait, in milliseconds. */
  readonly retryAfterMs?: number;
}

/** Encodes the bytes of the trailer. */
export function encodeStatusDetails({ code, message, errorInfo, retryAfterMs }: StatusDetails): Uint8Array {
  const details = [
    ...(errorInfo === undefined ? [] : [packErrorInfo(errorInfo)]),
    ...(retryAfterMs === undefined ? [] : [packRetryInfo(retryAfterMs)]),
  ];
  return google.rpc.Status.encode({ code, message, details }).finish();
}

function packErrorInfo({ reason, domain, metadata }: ErrorInfo) {
  const value = google.rpc.ErrorInfo.encode({ reason, domain, metadata: { ...metadata } }).finish();
  return { type_url: errorInfoTypeUrl, value };
}

function packRetryInfo(retryAfterMs: number) {
  const seconds = Math.floor(retryAfterMs / 1000);
  const nanos = Math.round((retryAfterMs % 1000) * 1e6);
  const value = google.rpc.RetryInfo.encode({ retryDelay: { seconds, nanos } }).finish();
  return { type_url: retryInfoTypeUrl, value };
}

/**
 * Returns the retry delay in a trailer, or undefined if it has none. Throws if the bytes are not a status.
 */
export function decodeRetryAfterMs(trailer: Uint8Array): number | undefined {
  const packed = unpack(trailer, retryInfoTypeUrl);
  const delay = packed ? google.rpc.RetryInfo.decode(packed).retryDelay : undefined;
  return delay ? Number(delay.seconds ?? 0) * 1000 + (delay.nanos ?? 0) / 1e6 : undefined;
}

/**
 * Returns the reason of a refusal in a trailer, or undefined if it has none. Throws if the bytes are not a
 * status.
 */
export function decodeErrorInfo(trailer: Uint8Array): ErrorInfo | undefined {
  const packed = unpack(trailer, errorInfoTypeUrl);
  if (packed === undefined) return undefined;
  const { reason, domain, metadata } = google.rpc.ErrorInfo.decode(packed);
  return { reason, domain, metadata };
}

function unpack(trailer: Uint8Array, typeUrl: string): Uint8Array | undefined {
  const { details } = google.rpc.Status.decode(trailer);
  return details.find(({ type_url }) => type_url === typeUrl)?.value ?? undefined;
}
