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

describe("readConfinedFile", () => {
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

  it("rejects a link to outside as the file, its directory or the target of another link", async () => {
    await symlink(home.join("secret"), home.join("certs/link.pem"));
    await symlink("link.pem", home.join("certs/second.pem"));
    await symlink(home.path, home.join("certs/up"));
    for (const path of ["certs/link.pem", "certs/second.pem", "certs/up/secret"]) {
      await isRefused(home.join(path));
    }
  });

  it("names the real place of certbot's links and the directory that allows both", async () => {
    const [live, archive] = [home.join("letsencrypt/live/shop"), home.join("letsencrypt/archive/shop")];
    await Promise.all([live, archive].map((directory) => mkdir(directory, { recursive: true })));
    await writeFile(`${archive}/fullchain1.pem`, "good");
    await symlink("../../archive/shop/fullchain1.pem", `${live}/fullchain.pem`);
    allowed = new AllowedDirectories([live], []);
    const { message } = await isRefused(`${live}/fullchain.pem`);
    assert.ok(message.includes(`leads to ${archive}/fullchain1.pem, which is outside`), message);
    assert.ok(message.endsWith(`add --file-directory ${home.join("letsencrypt")}`), message);
    allowed = new AllowedDirectories([home.join("letsencrypt")], []);
    assert.equal(await read(`${live}/fullchain.pem`), "good");
  });

  it("never proposes to allow the root of the file system or a directory directly below it", async () => {
    await symlink("/proc/version", home.join("certs/version"));
    const { message } = await isRefused(home.join("certs/version"));
    assert.match(message, /leads to \/proc\/version, .*add --file-directory \/proc$/);
  });

  it("names the directory of a file that is outside without a link", async () => {
    const { message } = await isRefused(home.join("secret"));
    assert.ok(
      message.endsWith(`secret is outside the allowed directories; add --file-directory ${home.path}`),
      message,
    );
  });

  it("rejects a directory whose name only starts like an allowed one", async () => {
    await writeFile(home.join("certs-elsewhere/cert.pem"), "other");
    assert.equal(allowed.cover(home.join("certs-elsewhere/cert.pem")), false);
    await isRefused(home.join("certs-elsewhere/cert.pem"));
  });

  it("rejects a file in a private directory, even through a link", async () => {
    await writeFile(home.join("certs/private/key.pem"), "key");
    await symlink("private/key.pem", home.join("certs/key.pem"));
    assert.equal(allowed.cover(home.join("certs/private/key.pem")), false);
    await isRefused(home.join("certs/private/key.pem"));
    await isRefused(home.join("certs/key.pem"));
  });

  it("rejects a directory, a pipe, a device and a file larger than 1 MiB", async () => {
    execFileSync("mkfifo", [home.join("certs/pipe")]);
    await symlink("/dev/zero", home.join("certs/zero"));
    const large = await open(home.join("certs/large"), "w");
    await large.truncate(1024 * 1024 + 1);
    await large.close();
    for (const name of ["private", "pipe", "zero", "large"]) await isRefused(home.join("certs", name));
  });

  it("says why a file cannot be read: it is missing, or its links lead in a circle", async () => {
    const missing = await rejectsWithCode(() => read(home.join("certs/missing")), "FILE_UNREADABLE");
    assert.match(missing.message, /certs\/missing: it does not exist \(ENOENT\); mount it/);
    await symlink("loop", home.join("certs/loop"));
    const loop = await rejectsWithCode(() => read(home.join("certs/loop")), "FILE_UNREADABLE");
    assert.match(loop.message, /its links lead in a circle \(ELOOP\)/);
  });

  it("never reads outside while the directory is swapped for a link to outside", async () => {
    await mkdir(home.join("outside"));
    await writeFile(home.join("outside/cert.pem"), "secret");
    await mkdir(home.join("certs/a"));
    await writeFile(home.join("certs/a/cert.pem"), "good");
    await symlink(home.join("outside"), home.join("certs/b"));
    let isDone = false;
    const seen = new Set<string>();
    const swapping = (async () => {
      for (let i = 0; !isDone; i += 1) {
        // Without the pause, both sides may run in lockstep.
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

  it("reads through links that stay inside, through the kubelet's links, and in a directory that appeared later", async () => {
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

  it("reads below an allowed directory that is itself a link", async () => {
    await symlink("certs", home.join("alias"));
    allowed = new AllowedDirectories([home.join("alias")], []);
    assert.equal(await read(home.join("alias/cert.pem")), "good");
  });

  it("allows a directory named inside a private one, and treats one that is both as private", () => {
    const nested = new AllowedDirectories(["/run/a/b", "/run/c"], ["/run/a", "/run/c"]);
    assert.deepEqual(
      ["/run/a/x", "/run/a/b/x", "/run/c/x"].map((path) => nested.cover(path)),
      [false, true, false],
    );
  });

  it("allows the operating system's bundles regardless of their directory", async () => {
    const own = home.join("secret");
    allowed = new AllowedDirectories([], [], [own]);
    assert.deepEqual([allowed.cover(own), allowed.cover(home.join("certs/cert.pem"))], [true, false]);
    assert.equal(await read(own), "secret");
  });
});
