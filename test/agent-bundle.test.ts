import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { copyFileSync, cpSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { isDeepStrictEqual } from "node:util";
import { temporaryDirectory } from "@kasbah/testkit";
import fc from "fast-check";
import { bundleAgent, bundlePath, eagerModules, licensesPath } from "../scripts/bundles/bundle-agent.ts";
import { packagesIn } from "../scripts/bundles/contents.ts";
import { UtcDateTimeFormat } from "../scripts/bundles/utc-date-time-format.ts";

const chunks = join(dirname(bundlePath), "chunks");

/** The text of each file of a bundle. */
function filesOf(folder: string): ReadonlyMap<string, string> {
  const names = [
    "kasbah-agent.mjs",
    ...readdirSync(join(folder, "chunks")).map((name) => join("chunks", name)),
  ];
  return new Map(names.map((name) => [name, readFileSync(join(folder, name), "utf8")]));
}

describe("Agent bundle", () => {
  it("runs without any file of the repository, even to read YAML", async () => {
    await using directory = await temporaryDirectory();
    const [program, file] = [directory.join("kasbah-agent.mjs"), directory.join("agent.yaml")];
    copyFileSync(bundlePath, program);
    cpSync(chunks, directory.join("chunks"), { recursive: true });
    writeFileSync(file, "secret-ttl: 3h\n");
    const said = execFileSync(process.execPath, [program, "--check-config", "--config", file], {
      encoding: "utf8",
      cwd: directory.path,
      env: {},
    });
    assert.match(said, /^ {2}secret-ttl +3h {2}\(file .*agent\.yaml line 1\)$/m);
  });

  it("disables Node's debugger signal first in each file, once, and imports nothing but its own files", async () => {
    await using directory = await temporaryDirectory();
    const { outputs } = await bundleAgent(directory.path);
    for (const [name, text] of filesOf(directory.path))
      assert.ok(text.startsWith('process.listenerCount("SIGUSR1")||process.on("SIGUSR1",'), name);
    for (const [path, { imports }] of Object.entries(outputs)) {
      const others = imports.filter(({ kind, path: from }) => kind !== "require-call" && !(from in outputs));
      assert.deepEqual(others, [], path);
    }
  });

  it("has no code of the doctor, or of a feature that must be configured, in a file that every start reads", async () => {
    await using directory = await temporaryDirectory();
    const { outputs } = await bundleAgent(directory.path);
    const atStart = new Set(await eagerModules());
    const files = Object.values(outputs).map(({ inputs }) => Object.keys(inputs));
    const rooms = ["output-certs/output-certs", "secret-cache/secret-cache", "workload-api/service"];
    for (const room of [...rooms, "doctor/examine"]) {
      const beside = files.find((modules) => modules.includes(`packages/agent/src/${room}.ts`)) ?? [];
      assert.ok(beside.length > 0, room);
      assert.deepEqual(
        beside.filter((module) => atStart.has(module)),
        [],
        room,
      );
    }
  });

  it("includes the license of every third-party package", async () => {
    await using directory = await temporaryDirectory();
    const packages = await packagesIn(await bundleAgent(directory.path));
    const told = readFileSync(licensesPath, "utf8");
    const others = packages.filter(({ name }) => !name.startsWith("@kasbah/"));
    assert.ok(others.length > 3);
    for (const { name, version } of others) assert.match(told, new RegExp(`^${name} ${version}\\b`, "m"));
    const isFresh = isDeepStrictEqual(filesOf(directory.path), filesOf(dirname(bundlePath)));
    assert.ok(isFresh, "the bundle is older than its sources or not reproducible: run npm run build");
  });

  it("formats times for node-cron as Intl does in UTC", () => {
    const asked = {
      year: "numeric",
      month: "2-digit",
      day: "2-digit",
      hour: "2-digit",
      minute: "2-digit",
      second: "2-digit",
      weekday: "short",
      hourCycle: "h23",
      timeZone: "UTC",
    } as const;
    const intl = new Intl.DateTimeFormat("en-US", asked);
    const ours = new UtcDateTimeFormat("en-US", asked);
    const instants = fc.date({
      min: new Date("1970-01-01"),
      max: new Date("2999-12-31"),
      noInvalidDate: true,
    });
    fc.assert(
      fc.property(instants, (instant) => {
        const parts = intl.formatToParts(instant).filter(({ type }) => type !== "literal");
        assert.deepEqual(ours.formatToParts(instant), parts);
      }),
    );
    const zone = new UtcDateTimeFormat("en-US", { timeZone: "UTC", timeZoneName: "shortOffset" });
    assert.deepEqual(zone.formatToParts(new Date(0)), [{ type: "timeZoneName", value: "GMT" }]);
  });
});
