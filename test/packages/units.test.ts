import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { agentBin, repositoryRoot, serverBin } from "../harness/repository.ts";

const folder = join(repositoryRoot, "deploy/systemd");
const services = readdirSync(folder).filter((name) => name.endsWith(".service"));
const read = (name: string) => readFileSync(join(folder, name), "utf8");
/** The most exposure that a unit may have, in tenths: the figure in docs/packages.md. */
const threshold = "16";

describe("systemd units", () => {
  for (const name of services) {
    it(`${name} exposes the system to at most ${Number(threshold) / 10} of 10`, function () {
      if (spawnSync("systemd-analyze", ["--version"]).error !== undefined) this.skip();
      const args = [
        "security",
        "--no-pager",
        "--offline=true",
        `--threshold=${threshold}`,
        join(folder, name),
      ];
      const { status, stdout } = spawnSync("systemd-analyze", args, { encoding: "utf8" });
      assert.equal(status, 0, stdout);
    });
  }

  for (const [file, bin] of [
    ["server.env", serverBin],
    ["agent.env", agentBin],
  ] as const) {
    it(`${file} contains only variables that the daemon reads, with values that it accepts`, () => {
      const help = execFileSync(process.execPath, [bin, "--help"], { encoding: "utf8" });
      const known = new Set([...help.matchAll(/\benv:\s+([A-Z0-9_]+)/g)].map(([, name = ""]) => name));
      const settings = [...read(file).matchAll(/^#?([A-Z][A-Z0-9_]*)=(.*)$/gm)];
      assert.ok(settings.length >= 5);
      assert.deepEqual(
        settings.map(([, name = ""]) => name).filter((name) => !known.has(name)),
        [],
      );
      const env = Object.fromEntries(settings.map(([, name, value]) => [name, value]));
      const { stderr } = spawnSync(process.execPath, [bin, "--check-config"], { env, encoding: "utf8" });
      // Of the values themselves: the files that they name do not exist here.
      const problems = stderr
        .split("\n")
        .slice(1)
        .filter((line) => line !== "" && !/ENOENT|does not exist/.test(line));
      assert.deepEqual(problems, []);
    });
  }
});
