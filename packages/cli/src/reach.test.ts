import assert from "node:assert/strict";
import type { Command } from "commander";
import type { CommandDeps } from "./commands/command-deps.ts";
import { runKasbah } from "./commands/run-kasbah.fixture.ts";
import { createProgram } from "./program.ts";
import { nameOf, reachOf } from "./reach.ts";

const leaves = (command: Command): readonly Command[] =>
  command.commands.length === 0 ? [command] : command.commands.flatMap(leaves);

describe("The table of commands that support a cluster", () => {
  const commands = leaves(createProgram({ version: "1" } as CommandDeps));

  it("lists every command", () => {
    assert.ok(commands.length >= 15);
    assert.deepEqual(commands.filter((command) => reachOf(command) === undefined).map(nameOf), []);
  });

  it("rejects a cluster for local commands, with the reason", async () => {
    const local = commands.filter((command) => typeof reachOf(command) === "object");
    assert.equal(local.length, 21);
    for (const command of local) {
      const file = command.registeredArguments.length > 0 ? ["file"] : [];
      if (nameOf(command) === "audit export") file.push("--since=1h");
      if (nameOf(command) === "audit accept-loss") file.push("--reason=a new volume");
      const { error } = await runKasbah(["-n", "mesh", ...nameOf(command).split(" "), ...file]);
      assert.equal(error?.code, "CONFIG_INVALID", nameOf(command));
      assert.match(String(error?.message), new RegExp(`not supported by kasbah ${nameOf(command)}: .{20}`));
    }
  });

  it("rejects two CAs at once, --pod for commands that query no replica, and a cluster with a policy file", async () => {
    for (const argv of [
      ["check", "-n", "mesh", "--state-dir", "/ca"],
      ["authority", "pause", "--context", "prod", "--admin-socket", "s"],
      ["install", "--pod", "kasbah-0"],
      ["uninstall", "--installation", "mesh-ca"],
      ["why", "spiffe://cluster.local/ns/a/sa/b", "--policy", "file", "--pod", "kasbah-0"],
    ]) {
      assert.equal((await runKasbah(argv)).error?.code, "CONFIG_INVALID", argv.join(" "));
    }
  });

  it("lists in each command's help exactly the program flags that it accepts", async () => {
    const help = async (...argv: string[]) => (await runKasbah([...argv, "--help"])).said;
    assert.match(await help("authority", "rotate"), /--operator <name>/);
    assert.match(await help("check"), /--pod <name>/);
    assert.doesNotMatch(await help("check"), /--operator/);
    assert.doesNotMatch(await help("install"), /--pod/);
    assert.doesNotMatch(await help("backup"), /--context/);
  });
});
