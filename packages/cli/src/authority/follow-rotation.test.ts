import assert from "node:assert/strict";
import { FakeClock, rejectsWithCode } from "@kasbah/testkit";
import { busy, idle, root } from "../commands/run-kasbah.fixture.ts";
import { CliError } from "../errors.ts";
import { followRotation } from "./follow-rotation.ts";

describe("followRotation", () => {
  let clock: FakeClock;
  let said: string;
  let away: boolean;
  let finished: boolean;

  beforeEach(() => {
    clock = new FakeClock();
    said = "";
    away = true;
    finished = false;
  });

  const follow = () =>
    followRotation(busy, {
      everyMs: 1000,
      read: async () => {
        if (away) throw new CliError("ADMIN_UNREACHABLE", "nothing answers");
        return finished ? { ...idle, authorities: [{ ...root, id: "root-2" }] } : busy;
      },
      write: (text) => {
        said += text;
      },
      clock,
      signal: new AbortController().signal,
    });

  it("gives up if the CA does not answer for minutes", async () => {
    const outcome = rejectsWithCode(follow(), "ADMIN_UNREACHABLE");
    await clock.runFor(130_000);
    await outcome;
    assert.equal(said.split("the CA does not answer").length, 2);
  });

  it("survives a restart of the CA, and reports that it waits", async () => {
    const outcome = follow();
    await clock.runFor(60_000);
    away = false;
    await clock.runFor(5000);
    away = true;
    await clock.runFor(100_000);
    [away, finished] = [false, true];
    await clock.runFor(5000);
    assert.equal((await outcome).rotation, undefined);
    assert.deepEqual(said.split("\n"), [
      "2030-01-01T00:00:00Z  root-2 distributed, until at least 2030-01-02T00:00:00Z",
      "the CA does not answer; it resumes the rotation after it restarts",
      "the CA does not answer; it resumes the rotation after it restarts",
      "rotation complete",
      "",
    ]);
  });
});
