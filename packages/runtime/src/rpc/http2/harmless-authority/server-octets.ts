import { FrameCutter, frameTypes, type Http2Frame } from "./frame-cutter.ts";
import type { UnseenStreams } from "./unseen-streams.ts";

const resetBytes = 4;
const goAwayBytes = 8;

/** Watches what the server's side of a connection sends for the ends of streams that the server has not seen. */
export class ServerOctets {
  readonly #streams: UnseenStreams;
  readonly #cutter = new FrameCutter(
    ({ type, length }) =>
      (type === frameTypes.rstStream && length === resetBytes) ||
      (type === frameTypes.goAway && length >= goAwayBytes),
  );

  constructor(streams: UnseenStreams) {
    this.#streams = streams;
  }

  watch(octets: Buffer): void {
    for (const { frame } of this.#cutter.push(octets)) {
      if (frame !== undefined) this.#report(frame);
    }
  }

  #report({ type, streamId, payload }: Http2Frame): void {
    if (type === frameTypes.rstStream) this.#streams.reset(streamId, payload.readUInt32BE(0));
    else this.#streams.goAway(payload.readUInt32BE(4));
  }
}
