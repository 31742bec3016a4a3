import assert from "node:assert/strict";
import type { CaProcess } from "./ca-process.ts";
import { RawConnection } from "./raw-connection.ts";

/** Something hostile, and within it what the server must do about it. */
export interface Attack {
  /** What the attacker does, to be read after "a client that". */
  readonly title: string;
  run(ca: CaProcess): Promise<void>;
}

/** GOAWAY is followed by the close, whether the client goes or not. */
const closesWithinMs = 5_000;

/** An attack in bytes on one connection, which the server must end in the given way and then close. */
export function endsConnection(title: string, expected: RegExp, bytes: () => readonly Uint8Array[]): Attack {
  const run = async (ca: CaProcess) => {
    using connection = await RawConnection.greeted(ca);
    connection.send(...bytes());
    assert.match(await connection.end(), expected);
    await connection.closed(closesWithinMs);
  };
  return { title, run };
}
