import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdir, rename, symlink, writeFile } from "node:fs/promises";
import { FakeClock, recordingLogger, type TemporaryDirectory, temporaryDirectory } from "@kasbah/testkit";
import { FileMountWatch } from "./file-mount-watch.ts";
import { findFileMounts } from "./find-file-mounts.ts";

const mount = (...args: readonly string[]) => execFileSync("mount", args, { stdio: "pipe" });

/** Whether this process may mount: as root of a machine or of a privileged container. */
async function mayMount(directory: TemporaryDirectory): Promise<boolean> {
  try {
    await writeFile(directory.join("probe"), "");
    mount("--bind", directory.join("probe"), directory.join("probe"));
    execFileSync("umount", [directory.join("probe")]);
    return true;
  } catch {
    return false;
  }
}

describe("File mounts", () => {
  let home: TemporaryDirectory;
  let mounted: string[];

  beforeEach(async () => {
    home = await temporaryDirectory();
    mounted = [];
  });
  afterEach(async () => {
    for (const path of mounted) execFileSync("umount", [path]);
    await home.remove();
  });

  const bind = async (source: string, place: string) => {
    await writeFile(home.join(place), "");
    mount("--bind", home.join(source), home.join(place));
    mounted.push(home.join(place));
  };
  const replace = async (source: string) => {
    await writeFile(home.join("next"), "new");
    await rename(home.join("next"), home.join(source));
  };

  it("finds a root file that is mounted by itself, also through a link, and notices that its source was replaced", async function () {
    if (!(await mayMount(home))) return this.skip();
    await mkdir(home.join("a b"));
    await writeFile(home.join("source"), "old");
    await bind("source", "a b/root.pem");
    await symlink("a b", home.join("link"));
    const places = { files: [home.join("link/root.pem")], directories: [] };
    const path = home.join("a b/root.pem");
    assert.deepEqual(await findFileMounts(places), [{ path, isStale: false }]);
    await writeFile(home.join("source"), "edited in place");
    assert.deepEqual(await findFileMounts(places), [{ path, isStale: false }]);
    await replace("source");
    assert.deepEqual(await findFileMounts(places), [{ path, isStale: true }]);
  });

  it("finds files below a served directory, but neither mounted directories nor files elsewhere", async function () {
    if (!(await mayMount(home))) return this.skip();
    for (const name of ["certs", "certs/volume", "other", "volume"]) await mkdir(home.join(name));
    await writeFile(home.join("source"), "x");
    await bind("source", "certs/tls.crt");
    await bind("source", "other/tls.crt");
    mount("--bind", home.join("volume"), home.join("certs/volume"));
    mounted.push(home.join("certs/volume"));
    const found = await findFileMounts({
      files: [],
      directories: [home.join("certs"), home.join("missing")],
    });
    assert.deepEqual(found, [{ path: home.join("certs/tls.crt"), isStale: false }]);
  });

  it("finds nothing on a system without a table of mounts, and ignores lines that it cannot read", async () => {
    await writeFile(home.join("file"), "x");
    const places = { files: [home.join("file")], directories: [] };
    assert.deepEqual(await findFileMounts(places, home.join("none")), []);
    await writeFile(home.join("table"), `odd\n43 27 254:0 / ${home.join("file")} rw - ext4 /dev/vda rw\n\n`);
    assert.equal((await findFileMounts(places, home.join("table"))).length, 1);
  });

  it("warns once about each mount, and in the readiness as long as one is outdated", async () => {
    const [clock, logger] = [new FakeClock(), recordingLogger()];
    let mounts = [{ path: "/etc/root.pem", isStale: false }];
    const watch = new FileMountWatch({ find: async () => mounts, clock, logger });
    const events = () => logger.events.map(({ event }) => event);
    await watch.start();
    await clock.runFor(180_000);
    assert.deepEqual(events(), ["a file is mounted by itself and will not follow its source"]);
    assert.deepEqual(watch.warnings(), []);
    mounts = [{ path: "/etc/root.pem", isStale: true }];
    await clock.runFor(180_000);
    assert.equal(events().length, 2);
    assert.match(watch.warnings().join(), /^\/etc\/root\.pem is mounted as a single file .* without subPath/);
    mounts = [];
    await clock.runFor(60_000);
    assert.deepEqual(watch.warnings(), []);
    await watch.stop();
  });
});
