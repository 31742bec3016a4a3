import assert from "node:assert/strict";
import {
  chmod,
  copyFile,
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  truncate,
  writeFile,
} from "node:fs/promises";
import {
  createRegistry,
  type Registry,
  systemClock,
  type WatchDirectory,
  watchDirectory,
} from "@kasbah/runtime";
import {
  createTestAuthority,
  eventually,
  FakeClock,
  mintSecret,
  type RecordingLogger,
  recordingLogger,
  type TemporaryDirectory,
  type TestAuthority,
  temporaryDirectory,
} from "@kasbah/testkit";
import { outputLayout } from "../config/output/layout.ts";
import { SecretStore, type WorkloadSecret } from "../secret/secret-store.ts";
import { createFileMetrics } from "./file-metrics.ts";
import { OutputCerts, type OutputCertsDeps } from "./output-certs.ts";
import { DirectoryOwner } from "./owner/directory-owner.ts";
import { RepairPace } from "./repair-pace.ts";
import { RepairWatch } from "./repair-watch.ts";
import { renderFiles } from "./shapes/render-files.ts";

const start = new Date("2030-01-01T00:00:00Z");

describe("RepairWatch", () => {
  let ground: TemporaryDirectory;
  let directory: string;
  let authority: TestAuthority;
  let store: SecretStore;
  let registry: Registry;
  let logger: RecordingLogger;
  let output: OutputCerts;
  let notified: number;
  let secret: WorkloadSecret;

  before(async () => {
    authority = await createTestAuthority();
  });
  beforeEach(async () => {
    ground = await temporaryDirectory();
    directory = ground.join("certs");
    registry = createRegistry({ name: "kasbah-agent", version: "0" });
    logger = recordingLogger();
    notified = 0;
  });
  afterEach(async () => {
    await output?.stop();
    await ground.remove();
  });

  const begin = async (more: Partial<OutputCertsDeps> = {}) => {
    const clock = more.clock ?? systemClock;
    store = new SecretStore(clock);
    const { writes, repairs } = createFileMetrics(registry);
    const layout = outputLayout({
      outputFormats: [["pem"]],
      outputNames: [],
      outputCertsMode: 0o600,
      outputPublicMode: 0o644,
    });
    output = new OutputCerts({
      directory,
      keyMode: 0o600,
      isRepairing: true,
      render: (one) => renderFiles(one, layout),
      onWritten: () => {
        notified += 1;
      },
      store,
      owner: new DirectoryOwner({ directory, describe: () => "test", logger }),
      writes,
      repairs,
      clock,
      roll: () => 0.5,
      logger,
      watchDirectory,
      ...more,
    });
    await output.start();
    secret = await mintSecret({ authority, receivedAt: start, ttlMs: 3_600_000 });
    store.publish(secret);
    await eventually(() => notified === 1);
  };
  const path = (name: string) => `${directory}/${name}`;
  const isRight = async () => {
    const key = await readFile(path("key.pem"), "utf8").catch(() => "");
    const chain = await readFile(path("cert-chain.pem"), "utf8").catch(() => "");
    const roots = await readFile(path("root-cert.pem"), "utf8").catch(() => "");
    const mode = await stat(path("key.pem")).then(
      (found) => found.mode & 0o777,
      () => 0,
    );
    const wanted = [
      secret.keyPair.toPem(secret.keyFormat),
      secret.leaf.toPem(),
      secret.bundle.toPem(),
      0o600,
    ];
    return JSON.stringify([key, chain, roots, mode]) === JSON.stringify(wanted);
  };
  const repairs = async () => /kasbah_agent_output_certs_repairs (\d+)/.exec(await registry.metrics())?.[1];
  const warnings = () => logger.events.filter(({ event }) => event.includes("another program"));

  for (const { change, work, isNotified } of [
    { change: "removes a file", work: () => rm(path("key.pem")), isNotified: true },
    { change: "truncates a file", work: () => truncate(path("cert-chain.pem")), isNotified: true },
    {
      change: "edits a file in place",
      work: () => writeFile(path("root-cert.pem"), "edited"),
      isNotified: true,
    },
    { change: "widens the mode of the key", work: () => chmod(path("key.pem"), 0o644), isNotified: false },
    {
      change: "replaces a link by a copy of the file",
      work: async () => {
        await copyFile(path("root-cert.pem"), ground.join("copy"));
        await rename(ground.join("copy"), path("root-cert.pem"));
      },
      isNotified: false,
    },
    {
      change: "replaces a file by another one",
      work: async () => {
        await writeFile(ground.join("other"), "other");
        await rename(ground.join("other"), path("key.pem"));
      },
      isNotified: true,
    },
    {
      change: "retargets the link ..data",
      work: async () => {
        await mkdir(path("elsewhere"));
        await symlink("elsewhere", path("..next"));
        await rename(path("..next"), path("..data"));
      },
      isNotified: true,
    },
    {
      change: "removes the version directory",
      work: () => rm(path("..kasbah-1"), { recursive: true }),
      isNotified: true,
    },
    {
      change: "removes the whole directory",
      work: () => rm(directory, { recursive: true }),
      isNotified: true,
    },
    {
      change: "moves the whole directory away",
      work: () => rename(directory, ground.join("away")),
      isNotified: true,
    },
  ]) {
    it(`repairs the output files if a program ${change}, warns once, and ${isNotified ? "runs" : "does not run"} the command`, async () => {
      await begin();
      await work();
      await eventually(async () => (await isRight()) && (await repairs()) === "1");
      await eventually(() => notified === (isNotified ? 2 : 1));
      await eventually(
        async () => (await readdir(directory)).filter((name) => /^..kasbah-\d/.test(name)).length === 1,
      );
      assert.equal(warnings().length, 1);
      assert.equal(warnings()[0]?.level, "warn");
      assert.equal(output.problem, undefined);
    });
  }

  it("finds a change by polling if the machine has no inotify watches left", async () => {
    const clock = new FakeClock(start);
    const refuse: WatchDirectory = () => {
      throw new Error("ENOSPC");
    };
    await begin({ clock, watchDirectory: refuse });
    await rm(path("key.pem"));
    await eventually(async () => {
      await clock.runFor(1_000);
      return isRight();
    });
    assert.ok(clock.monotonicMs() <= 60_000, `${clock.monotonicMs()} ms`);
  });

  it("repairs less and less often, and reports it, while a program changes a file again and again", async () => {
    const clock = new FakeClock(start);
    await begin({ clock });
    const write = async () => {
      await writeFile(path("key.pem"), "foreign").catch(() => undefined);
      await clock.runFor(1_000);
    };
    await eventually(async () => {
      await write();
      return Number(await repairs()) === 6;
    });
    assert.ok(clock.monotonicMs() >= 31_000, `6 repairs in ${clock.monotonicMs()} ms`);
    assert.deepEqual(
      warnings().map(({ level }) => level),
      ["warn", "error"],
    );
    assert.match(String(output.problem), /another program keeps changing .*: repaired \d+ times/);
    await eventually(async () => {
      await clock.runFor(10_000);
      return isRight();
    });
    await clock.runFor(6 * 60_000);
    assert.equal(output.problem, undefined);
  });

  it("repairs a change that came back after it was gone when the pause before its repair ended", async () => {
    const clock = new FakeClock(start);
    let wrong = true;
    let [asked, repaired] = [0, 0];
    const watch = new RepairWatch({
      directory,
      // Wrong at each look, right at the end of the first pause.
      isWrong: async () => {
        asked += 1;
        return wrong && asked !== 3;
      },
      repair: () => {
        repaired += 1;
        wrong = false;
      },
      pace: new RepairPace(clock),
      watchDirectory: () => ({ close: () => undefined }),
      clock,
      logger: recordingLogger(),
    });
    await watch.start();
    try {
      await eventually(async () => {
        await clock.runFor(1_000);
        return repaired === 1 || clock.monotonicMs() > 120_000;
      });
      assert.equal(repaired, 1, `asked ${asked} times`);
    } finally {
      await watch.stop();
    }
  });

  it("leaves changed files alone until SIGHUP or the next secret if --repair-output-certs is false", async () => {
    const clock = new FakeClock(start);
    await begin({ clock, isRepairing: false });
    await rm(path("key.pem"));
    for (let round = 0; round < 10; round += 1) await clock.runFor(60_000);
    assert.equal(await repairs(), "0");
    output.reread();
    await eventually(isRight);
    await rm(path("key.pem"));
    secret = await mintSecret({ authority, receivedAt: start, ttlMs: 3_600_000 });
    store.publish(secret);
    await eventually(async () => {
      await clock.runFor(100);
      return isRight();
    });
  });

  it("does not take a rotation for a change by another program", async () => {
    await begin();
    for (let round = 0; round < 3; round += 1) {
      const before = notified;
      secret = await mintSecret({ authority, receivedAt: start, ttlMs: 3_600_000 });
      store.publish(secret);
      await eventually(() => notified > before);
    }
    await systemClock.sleep(300);
    assert.equal(await repairs(), "0");
    assert.deepEqual(warnings(), []);
  });
});
