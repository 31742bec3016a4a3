import { google } from "../generated/messages.js";

const retryInfoTypeUrl = "type.googleapis.com/google.rpc.RetryInfo";

/** A refusal as `google.rpc.Status`, which gRPC carries in the trailer `grpc-status-details-bin`. */
export interface StatusDetails {
  readonly code: number;
  readonly message: string;
  /** Becomes a `google.rpc.RetryInfo`: how long the client should wait, in milliseconds. */
  readonly retryAfterMs: number;
}

/** Encodes the trailer's bytes. */
export function encodeStatusDetails({ code, message, retryAfterMs }: StatusDetails): Uint8Array {
  const seconds = Math.floor(retryAfterMs / 1000);
  const nanos = Math.round((retryAfterMs % 1000) * 1e6);
  const retryInfo = google.rpc.RetryInfo.encode({ retryDelay: { seconds, nanos } }).finish();
  const details = [{ type_url: retryInfoTypeUrl, value: retryInfo }];
  return google.rpc.Status.encode({ code, message, details }).finish();
}

/** Reads the wait that a trailer asks for; undefined when it names none. Throws on bytes that are no status. */
export function decodeRetryAfterMs(trailer: Uint8Array): number | undefined {
  const { details } = google.rpc.Status.decode(trailer);
  const packed = details.find(({ type_url }) => type_url === retryInfoTypeUrl)?.value;
  const delay = packed ? google.rpc.RetryInfo.decode(packed).retryDelay : undefined;
  return delay ? Number(delay.seconds ?? 0) * 1000 + (delay.nanos ?? 0) / 1e6 : undefined;
}
