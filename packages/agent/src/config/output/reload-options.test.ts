import assert from "node:assert/strict";
import { ConfigInvalidError } from "@kasbah/runtime";
import { loadConfig } from "@kasbah/runtime/yaml";
import { command } from "../command.ts";
import { options } from "../options.ts";

const load = (...argv: string[]) => {
  const outcome = loadConfig(command, options, { argv, env: {}, readFile: () => "" });
  assert.ok(outcome.kind === "run");
  return outcome.config;
};
const out = ["--output-certs", "/run/certs"];

describe("The options that tell a program to reload", () => {
  it("are complete with a signal and a pid file, and with a command beside them", () => {
    const { signal, pidFile, reloadWindow } = load(...out, "--signal", "HUP", "--pid-file", "/run/pid");
    assert.deepEqual([signal, pidFile, reloadWindow], ["HUP", "/run/pid", 0]);
    const both = ["--signal", "USR1", "--pid-file", "/run/pid", "--on-rotate", "true"];
    assert.equal(load(...out, ...both, "--reload-window", "90s").reloadWindow, 90_000);
  });

  it("are refused if one of them is missing, and the problem names it", () => {
    for (const [argv, reason] of [
      [[...out, "--signal", "HUP"], /--signal: requires --pid-file/],
      [[...out, "--pid-file", "/run/pid"], /--pid-file: requires --signal, for example --signal HUP/],
      [["--signal", "HUP", "--pid-file", "/run/pid"], /--signal: requires --output-certs/],
      [["--on-rotate", "true"], /--on-rotate: requires --output-certs/],
      [[...out, "--reload-window", "1m"], /--reload-window: requires --on-rotate or --signal/],
      [[...out, "--signal", "KILL", "--pid-file", "/run/pid"], /expected HUP, USR1, USR2, INT, TERM or QUIT/],
      [[...out, "--signal", "SIGHUP", "--pid-file", "/run/pid"], /expected HUP/],
    ] as const) {
      assert.throws(
        () => load(...argv),
        (error) => error instanceof ConfigInvalidError && reason.test(error.message),
        argv.join(" "),
      );
    }
  });
});
