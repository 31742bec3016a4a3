import assert from "node:assert/strict";
import { mkdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { TrustBundle } from "@kasbah/pki";
import {
  createTestAuthority,
  type ManualSweep,
  manualSweep,
  type RecordingLogger,
  recordingLogger,
  type TemporaryDirectory,
  type TestAuthority,
  temporaryDirectory,
} from "@kasbah/testkit";
import { PublicBundle } from "./public-bundle.ts";

describe("PublicBundle", () => {
  let directory: TemporaryDirectory;
  let path: string;
  let roots: TestAuthority[];
  let bundle: TrustBundle;
  let sweep: ManualSweep;
  let logger: RecordingLogger;
  let published: PublicBundle;

  before(async () => {
    roots = await Promise.all([createTestAuthority("one"), createTestAuthority("two")]);
  });
  beforeEach(async () => {
    directory = await temporaryDirectory();
    path = directory.join("root-cert.pem");
    bundle = TrustBundle.from(roots.slice(0, 1).map(({ certificate }) => certificate));
    sweep = manualSweep();
    logger = recordingLogger();
    published = new PublicBundle({ path, bundle: () => bundle, sweep: sweep.sweep, logger });
    await published.start();
  });
  afterEach(async () => {
    await published.stop();
    await directory.remove();
  });
  const content = () => readFile(path, "utf8");

  it("rewrites the file if it was edited, deleted, or replaced by a link, which it does not follow", async () => {
    const victim = directory.join("victim");
    await writeFile(victim, "untouched");
    const damages = [
      () => writeFile(path, "edited"),
      () => rm(path),
      async () => {
        await rm(path);
        await symlink(victim, path);
      },
    ];
    for (const damage of damages) {
      await damage();
      sweep.tick();
      await published.publish();
      assert.equal(await content(), bundle.toPem());
    }
    assert.equal(await readFile(victim, "utf8"), "untouched");
  });

  it("logs once that the file cannot be written, and writes it when that is possible", async () => {
    await rm(path);
    await mkdir(path);
    await published.publish();
    await published.publish();
    assert.equal(logger.named("cannot publish the trust bundle").length, 1);
    await rm(path, { recursive: true });
    await published.publish();
    assert.equal(await content(), bundle.toPem());
  });

  it("follows the current bundle, is readable by everyone, and writes only when needed", async () => {
    assert.equal(await content(), bundle.toPem());
    assert.equal((await stat(path)).mode & 0o777, 0o644);
    const before = await stat(path);
    await published.publish();
    assert.equal((await stat(path)).ino, before.ino);
    bundle = TrustBundle.from(roots.map(({ certificate }) => certificate));
    await published.publish();
    assert.equal(await content(), bundle.toPem());
  });
});
