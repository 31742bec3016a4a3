import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import process from "node:process";
import { temporaryDirectory } from "@kasbah/testkit";
import fc from "fast-check";
import { bundleAgent, bundlePath, licensesPath } from "../scripts/bundles/bundle-agent.ts";
import { packagesIn } from "../scripts/bundles/contents.ts";
import { UtcDateTimeFormat } from "../scripts/bundles/utc-date-time-format.ts";

describe("Agent bundle", () => {
  it("runs without any other file, even to read YAML", async () => {
    await using directory = await temporaryDirectory();
    const [program, file] = [directory.join("agent.mjs"), directory.join("agent.yaml")];
    copyFileSync(bundlePath, program);
    writeFileSync(file, "secret-ttl: 3h\n");
    const said = execFileSync(process.execPath, [program, "--check-config", "--config", file], {
      encoding: "utf8",
      cwd: directory.path,
      env: {},
    });
    assert.match(said, /^ {2}secret-ttl +3h {2}\(file .*agent\.yaml line 1\)$/m);
  });

  it("disables Node's debugger signal first, and contains no import statement", () => {
    const text = readFileSync(bundlePath, "utf8");
    assert.match(text, /^process\.on\("SIGUSR1",/);
    assert.doesNotMatch(text, /^import[ {*"]/m);
  });

  it("includes the license of every third-party package", async () => {
    await using directory = await temporaryDirectory();
    const packages = await packagesIn(await bundleAgent(directory.join("again.mjs")));
    const told = readFileSync(licensesPath, "utf8");
    const others = packages.filter(({ name }) => !name.startsWith("@kasbah/"));
    assert.ok(others.length > 3);
    for (const { name, version } of others) assert.match(told, new RegExp(`^${name} ${version}\\b`, "m"));
    const isFresh = readFileSync(directory.join("again.mjs"), "utf8") === readFileSync(bundlePath, "utf8");
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
