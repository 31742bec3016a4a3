import assert from "node:assert/strict";
import type { RunningCa } from "../../harness/ca-process.ts";
import { RawConnection, type Target } from "./raw-connection.ts";

/** Something hostile, and within it what the server must do about it. */
export interface Attack<On extends Target = RunningCa> {
  /** What the attacker does, to be read after "a client that". */
  readonly title: string;
  run(on: On): Promise<void>;
}

/** GOAWAY is followed by the close, whether the client goes or not. */
const closesWithinMs = 60_000;

/** An attack in bytes on one connection, which the server must end in the given way and then close. */
export function endsConnection(
  title: string,
  expected: RegExp,
  bytes: () => readonly Uint8Array[],
): Attack<Target> {
  const run = async (on: Target) => {
    using connection = await RawConnection.greeted(on);
    connection.send(...bytes());
    assert.match(await connection.end(), expected);
    await connection.closed(closesWithinMs);
  };
  return { title, run };
}
