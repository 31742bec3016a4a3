import assert from "node:assert/strict";
import { type TemporaryDirectory, temporaryDirectory } from "@kasbah/testkit";
import { suiteTimeoutMs } from "../harness/until.ts";
import { type CaVolumes, caArgs, createCaVolumes } from "./ca-volume.ts";
import { Container } from "./container.ts";
import { unpackedImage } from "./hooks.ts";

describe("Image of kasbah-server", function () {
  this.timeout(suiteTimeoutMs);
  let directory: TemporaryDirectory;
  let volumes: CaVolumes;
  let server: Container;

  before(async () => {
    directory = await temporaryDirectory();
    volumes = await createCaVolumes(directory);
    server = await start("server");
    await server.untilAnswers(15014, "/healthz/ready");
  });
  after(async () => {
    await server?.remove();
    await directory.remove();
  });

  const start = (name: string) =>
    Container.start({ name, from: unpackedImage("server"), args: caArgs, mounts: volumes.mounts }, directory);

  it("runs as the only process, PID 1, under an unprivileged user without capabilities", async () => {
    const status = await inside("console.log(fs.readFileSync('/proc/1/status', 'utf8'))");
    assert.match(status, /^Uid:\t65532\t65532\t65532\t65532$/m);
    assert.match(status, /^Gid:\t65532\t65532\t65532\t65532$/m);
    assert.match(status, /^CapEff:\t0{16}$/m);
    assert.match(status, /^CapBnd:\t0{16}$/m);
    assert.match(status, /^NoNewPrivs:\t1$/m);
    const processes =
      "fs.readdirSync('/proc').filter((name) => /^[0-9]+$/.test(name) && name != process.pid)";
    assert.equal(await inside(`console.log(${processes}.join())`), "1\n");
    const command =
      "fs.readFileSync('/proc/1/cmdline', 'utf8').split('\\0').filter((part) => !part.startsWith('--')).slice(0, 2).join(' ')";
    assert.equal(
      await inside(`console.log(${command})`),
      "/usr/local/bin/node /usr/local/bin/kasbah-server\n",
    );
  });

  it("cannot write outside its volume", async () => {
    for (const path of ["/new", "/opt/kasbah/new", "/usr/local/bin/node", "/etc/passwd", "/tmp"]) {
      const code = await inside(
        `try { fs.writeFileSync('${path}', '') } catch ({ code }) { console.log(code) }`,
      );
      assert.equal(code, "EROFS\n", path);
    }
  });

  it("answers its probes on a network that has only a loopback interface", async () => {
    for (const port of [15014, 15016]) {
      assert.match(await server.get(port, "/healthz/live"), /^200 /);
      assert.match(await server.get(port, "/healthz/ready"), /^200 /);
    }
    assert.match(await server.get(15016, "/metrics"), /^404 /);
    const names = "Object.keys(os.networkInterfaces())";
    assert.equal(await inside(`console.log(${names}.join())`), "lo\n");
  });

  it("contains no memory in its core dumps", async () => {
    assert.match(await inside("console.log(fs.readFileSync('/proc/1/coredump_filter', 'utf8'))"), /^0+\n/);
  });

  it("explains a code without the repository's sources", async () => {
    const { code, out, err } = await server.exec("kasbah", "why", "TOKEN_AUDIENCE");
    assert.equal(code, 0, err);
    assert.match(out, /^TOKEN_AUDIENCE/);
  });

  it("is reachable by the operator's command in the same container", async () => {
    const { code, out, err } = await server.exec("kasbah", "authority", "list");
    assert.equal(code, 0, err);
    assert.match(out, /root-1/);
    assert.match(out, /intermediate-1/);
    assert.equal((await server.exec("kasbah", "check")).code, 0);
  });

  it("explains that the demo needs a writable directory", async () => {
    const { code, err } = await server.exec("kasbah", "demo", "--once");
    assert.equal(code, 1);
    assert.match(
      err,
      /^\nkasbah: cannot create \S+, into which Envoy is installed.*\(ENVOY_INSTALL_FAILED\)\n$/,
    );
  });

  it("keeps its CA when it is killed and started again", async () => {
    const { out: before } = await server.exec("kasbah", "authority", "list", "--json");
    assert.equal((await server.signal("SIGKILL")).code, 137);
    await server.remove();
    server = await start("again");
    await server.untilAnswers(15014, "/healthz/ready");
    const { out: after } = await server.exec("kasbah", "authority", "list", "--json");
    assert.deepEqual(fingerprints(after), fingerprints(before));
    assert.equal(fingerprints(after).length, 2);
  });

  it("shuts down cleanly on SIGTERM", async () => {
    const startedAt = performance.now();
    const { code } = await server.signal("SIGTERM");
    assert.equal(code, 0);
    assert.match(server.output, /daemon stopped/);
    // The pod's terminationGracePeriodSeconds, after which the kubelet sends SIGKILL.
    assert.ok(performance.now() - startedAt < 30_000);
  });

  async function inside(program: string): Promise<string> {
    const prelude = "const fs = require('node:fs'), os = require('node:os'); ";
    const { code, out, err } = await server.exec("node", "--eval", prelude + program);
    assert.equal(code, 0, err);
    return out;
  }
});

function fingerprints(json: string): readonly string[] {
  return [...json.matchAll(/"fingerprint": ?"([^"]+)"/g)].map(([, fingerprint = ""]) => fingerprint).sort();
}
