import { constants } from "node:http2";
import type { TransportFault } from "../../transport-fault.ts";
import type { ClientObserver } from "./client-octets.ts";

/** The streams of one connection that the client has opened and the server has not seen yet. */
export class UnseenStreams implements ClientObserver {
  readonly #onFault: (fault: TransportFault) => void;
  /** By stream: whether its authority is empty. */
  readonly #open = new Map<number, boolean>();
  #newest = 0;
  #isHttp2 = true;
  #isLeaving = false;

  constructor(onFault: (fault: TransportFault) => void) {
    this.#onFault = onFault;
  }

  /** Trailers of an earlier stream change nothing. */
  headers(streamId: number, hasEmptyAuthority: boolean): void {
    if (streamId <= this.#newest) return;
    this.#newest = streamId;
    this.#open.set(streamId, hasEmptyAuthority);
  }

  notHttp2(): void {
    this.#isHttp2 = false;
  }

  leaving(): void {
    this.#isLeaving = true;
  }

  seen(streamId: number): void {
    this.#open.delete(streamId);
  }

  /** The server's side resets the stream. */
  reset(streamId: number, code: number): void {
    const hasEmptyAuthority = this.#open.get(streamId);
    if (hasEmptyAuthority === undefined) return;
    this.#open.delete(streamId);
    const cause = hasEmptyAuthority ? ({ cause: "empty authority" } as const) : {};
    this.#onFault({ ended: "stream", code: nameOf(code), ...cause });
  }

  /**
   * The server's side ends the connection. When grpc-go closes a connection, it names a stream of its own as the
   * last one of the server, which nghttp2 takes for a violation; nothing is lost by then.
   */
  goAway(code: number): void {
    if (code === constants.NGHTTP2_NO_ERROR || this.#isLeaving) return;
    const cause = this.#isHttp2 ? {} : ({ cause: "not HTTP/2" } as const);
    this.#onFault({ ended: "connection", code: nameOf(code), ...cause });
  }
}

/** The error codes of RFC 9113 §7, in the order of their numbers. */
const codes = [
  "NO_ERROR",
  "PROTOCOL_ERROR",
  "INTERNAL_ERROR",
  "FLOW_CONTROL_ERROR",
  "SETTINGS_TIMEOUT",
  "STREAM_CLOSED",
  "FRAME_SIZE_ERROR",
  "REFUSED_STREAM",
  "CANCEL",
  "COMPRESSION_ERROR",
  "CONNECT_ERROR",
  "ENHANCE_YOUR_CALM",
  "INADEQUATE_SECURITY",
  "HTTP_1_1_REQUIRED",
];

function nameOf(code: number): string {
  return codes[code] ?? `0x${code.toString(16)}`;
}
