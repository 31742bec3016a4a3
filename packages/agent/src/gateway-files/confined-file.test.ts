import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdir, open, rename, rm, symlink, writeFile } from "node:fs/promises";
import { systemClock } from "@kasbah/runtime";
import {
  mountKubeletVolume,
  rejectsWithCode,
  type TemporaryDirectory,
  temporaryDirectory,
} from "@kasbah/testkit";
import { AllowedDirectories } from "./allowed-directories.ts";
import { readConfinedFile } from "./confined-file.ts";

describe("A file of the allowed directories", () => {
  let home: TemporaryDirectory;
  let allowed: AllowedDirectories;

  beforeEach(async () => {
    home = await temporaryDirectory();
    await mkdir(home.join("certs/private"), { recursive: true });
    await mkdir(home.join("certs-elsewhere"));
    await writeFile(home.join("certs/cert.pem"), "good");
    await writeFile(home.join("secret"), "secret");
    allowed = new AllowedDirectories([home.join("certs"), home.join("later")], [home.join("certs/private")]);
  });
  afterEach(() => home.remove());

  const read = async (path: string) =>
    (await readConfinedFile(path, allowed, await allowed.resolved())).content.toString();
  const isRefused = (path: string) => rejectsWithCode(() => read(path), "FILE_REFUSED");

  it("is refused when a link leads out, whether the file, its directory or the link of a link", async () => {
    await symlink(home.join("secret"), home.join("certs/link.pem"));
    await symlink("link.pem", home.join("certs/second.pem"));
    await symlink(home.path, home.join("certs/up"));
    for (const path of ["certs/link.pem", "certs/second.pem", "certs/up/secret"]) {
      await isRefused(home.join(path));
    }
  });

  it("is refused in a directory whose name only begins alike", async () => {
    await writeFile(home.join("certs-elsewhere/cert.pem"), "other");
    assert.equal(allowed.cover(home.join("certs-elsewhere/cert.pem")), false);
    await isRefused(home.join("certs-elsewhere/cert.pem"));
  });

  it("is refused in a private directory, through a link too", async () => {
    await writeFile(home.join("certs/private/key.pem"), "key");
    await symlink("private/key.pem", home.join("certs/key.pem"));
    assert.equal(allowed.cover(home.join("certs/private/key.pem")), false);
    await isRefused(home.join("certs/private/key.pem"));
    await isRefused(home.join("certs/key.pem"));
  });

  it("is refused when it is a directory, a pipe, a device, or larger than 1 MiB", async () => {
    execFileSync("mkfifo", [home.join("certs/pipe")]);
    await symlink("/dev/zero", home.join("certs/zero"));
    const large = await open(home.join("certs/large"), "w");
    await large.truncate(1024 * 1024 + 1);
    await large.close();
    for (const name of ["private", "pipe", "zero", "large"]) await isRefused(home.join("certs", name));
  });

  it("cannot be read when it is not there, and says no more than that", async () => {
    await rejectsWithCode(() => read(home.join("certs/missing")), "FILE_UNREADABLE");
    await symlink("loop", home.join("certs/loop"));
    await rejectsWithCode(() => read(home.join("certs/loop")), "FILE_UNREADABLE");
  });

  it("is never read outside while its directory is swapped for a link that leads out", async () => {
    await mkdir(home.join("outside"));
    await writeFile(home.join("outside/cert.pem"), "secret");
    await mkdir(home.join("certs/a"));
    await writeFile(home.join("certs/a/cert.pem"), "good");
    await symlink(home.join("outside"), home.join("certs/b"));
    let isDone = false;
    const seen = new Set<string>();
    const swapping = (async () => {
      for (let i = 0; !isDone; i += 1) {
        // Else both sides may go in step.
        if (i % 3 === 0) await systemClock.sleep(1);
        await rename(home.join("certs/a"), home.join("certs/c"));
        await rename(home.join("certs/b"), home.join("certs/a"));
        await rename(home.join("certs/a"), home.join("certs/b"));
        await rename(home.join("certs/c"), home.join("certs/a"));
      }
    })();
    for (let i = 0; i < 2_000; i += 1) {
      seen.add(await read(home.join("certs/a/cert.pem")).catch((error) => error.code));
    }
    isDone = true;
    await swapping;
    assert.ok(!seen.has("secret"), [...seen].join());
    assert.ok(seen.has("good"), [...seen].join());
  });

  it("is read through links that stay inside, through kubelet's, and in a directory that appeared later", async () => {
    await symlink("cert.pem", home.join("certs/link.pem"));
    assert.equal(await read(home.join("certs/link.pem")), "good");
    const volume = await mountKubeletVolume(home.join("certs/volume"), { "tls.crt": "one" });
    await volume.swap({ "tls.crt": "two" });
    assert.equal(await read(home.join("certs/volume/tls.crt")), "two");
    await rm(home.join("certs"), { recursive: true });
    await mkdir(home.join("later"));
    await writeFile(home.join("later/cert.pem"), "late");
    assert.equal(await read(home.join("later/cert.pem")), "late");
  });

  it("is read below an allowed directory that is itself a link", async () => {
    await symlink("certs", home.join("alias"));
    allowed = new AllowedDirectories([home.join("alias")], []);
    assert.equal(await read(home.join("alias/cert.pem")), "good");
  });

  it("is allowed in a directory that is named inside a private one, and private in one that is both", () => {
    const nested = new AllowedDirectories(["/run/a/b", "/run/c"], ["/run/a", "/run/c"]);
    assert.deepEqual(
      ["/run/a/x", "/run/a/b/x", "/run/c/x"].map((path) => nested.cover(path)),
      [false, true, false],
    );
  });

  it("is allowed wherever it lies when it is one of the system's own", async () => {
    const own = home.join("secret");
    allowed = new AllowedDirectories([], [], [own]);
    assert.deepEqual([allowed.cover(own), allowed.cover(home.join("certs/cert.pem"))], [true, false]);
    assert.equal(await read(own), "secret");
  });
});
