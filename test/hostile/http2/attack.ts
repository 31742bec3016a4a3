import assert from "node:assert/strict";
import type { RunningCa } from "../../harness/ca-process.ts";
import { RawConnection, type Target } from "./raw-connection.ts";

/** An attack, together with the required reaction of the server. */
export interface Attack<On extends Target = RunningCa> {
  /** The attacker's action, to complete "a client that". */
  readonly title: string;
  run(on: On): Promise<void>;
}

/** The connection closes after GOAWAY even if the client does not close it. */
const closesWithinMs = 60_000;

/** An attack with raw bytes on one connection, which the server must end in the given way and then close. */
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
