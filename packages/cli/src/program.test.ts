import assert from "node:assert/strict";
import { tmpdir } from "node:os";
import { systemClock } from "@kasbah/runtime";
import { createProgram } from "./program.ts";

describe("The kasbah command line", () => {
  const run = async (...argv: string[]) => {
    let said = "";
    const write = (text: string) => {
      said += text;
    };
    const program = createProgram({
      version: "1.2.3",
      screen: { write, colour: false, interactive: false },
      drained: async () => undefined,
      env: { ENVOY_BIN: "/nowhere/envoy" },
      clock: systemClock,
      isRoot: false,
      pid: process.pid,
      uid: process.getuid?.(),
      cwd: process.cwd(),
      hasTerminal: false,
      kill() {},
      hostname: "here",
      operator: "tester",
      stderr: process.stderr,
      setExitCode() {},
      nodePath: process.execPath,
      platform: "linux",
      arch: "x64",
      temporaryDirectory: tmpdir(),
      newSecret: () => "",
      signal: new AbortController().signal,
    });
    for (const command of [program, ...program.commands]) {
      command.configureOutput({ writeOut: write, writeErr: write }).exitOverride();
    }
    const error = await program.parseAsync(["node", "kasbah", ...argv]).then(
      () => undefined,
      (reason: { code?: string; exitCode?: number }) => reason,
    );
    return { said, error };
  };

  it("names the fault and the help option if it is misused", async () => {
    const { said, error } = await run("inspect");
    assert.equal(error?.code, "commander.missingArgument");
    assert.match(said, /missing required argument 'target'/);
    assert.equal((await run("demo", "--twice")).error?.code, "commander.unknownOption");
  });

  it("rejects two formats at once, and an invalid ENVOY_BIN before it starts anything", async () => {
    assert.equal((await run("inspect", "--json", "--pem", "x.pem")).error?.code, "TARGET_INVALID");
    assert.equal((await run("demo", "--once")).error?.code, "ENVOY_MISSING");
  });

  it("prints its version", async () => {
    assert.equal((await run("--version")).said, "1.2.3\n");
  });

  it("shows examples in its help", async () => {
    const { said, error } = await run("--help");
    assert.equal(error?.exitCode, 0);
    assert.match(said, /\$ kasbah demo --once/);
    assert.match(said, /\$ kasbah inspect unix:/);
  });
});
