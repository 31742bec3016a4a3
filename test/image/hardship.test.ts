import assert from "node:assert/strict";
import { type TemporaryDirectory, temporaryDirectory } from "@kasbah/testkit";
import { suiteTimeoutMs } from "../harness/until.ts";
import { caArgs, createAuthn } from "./ca-volume.ts";
import { Container } from "./container.ts";
import { type Mount, memory } from "./container-config.ts";
import { unpackedImage } from "./hooks.ts";

describe("Image of kasbah-server under adverse conditions", function () {
  this.timeout(suiteTimeoutMs);
  let directory: TemporaryDirectory;
  let callers: Mount;
  let server: Container | undefined;

  before(async () => {
    directory = await temporaryDirectory();
    callers = (await createAuthn(directory)).mount;
  });
  afterEach(() => server?.remove());
  after(() => directory.remove());

  async function start(name: string, mounts: readonly Mount[], user?: { uid: number; gid: number }) {
    const plan = { name, from: unpackedImage("server"), args: caArgs, mounts: [callers, ...mounts] };
    server = await Container.start({ ...plan, ...(user && { user }) }, directory);
    return server;
  }

  it("exits and reports that it cannot write if no volume is mounted", async () => {
    const { code, out } = await (await start("no-volume", [])).ended;
    assert.equal(code, 1);
    assert.match(out, /\/var\/lib\/kasbah\/state/);
    assert.match(out, /EROFS|read-only/);
  });

  it("exits and reports that its volume is full", async () => {
    const { code, out } = await (await start("full", [memory("/var/lib/kasbah", "size=8k")])).ended;
    assert.equal(code, 1);
    assert.match(out, /ENOSPC|no space/);
    assert.doesNotMatch(out, /BEGIN/);
  });

  it("stays live while its volume is full, accepts changes until its reserve is used up, and again once there is space", async () => {
    const filled = await start("filled", [memory("/var/lib/kasbah", "size=2m")]);
    await filled.untilAnswers(15014, "/healthz/ready");
    const fill = "try { fs.appendFileSync(file, Buffer.alloc(4e6)) } catch ({ code }) { console.log(code) }";
    const onFile = (program: string) =>
      filled.exec("node", "--eval", `const file = "/var/lib/kasbah/fill"; ${program}`);
    const change = async (count: number) => {
      assert.equal((await onFile(fill)).out, "ENOSPC\n");
      return filled.exec("kasbah", "authority", count % 2 === 0 ? "pause" : "resume");
    };
    const first = await change(0);
    assert.equal(first.code, 0, first.err);
    let refused = first;
    for (let count = 1; refused.code === 0 && count < 20; count += 1) refused = await change(count);
    assert.equal(refused.code, 1);
    assert.match(refused.err, /STATE_NOT_DURABLE: .*cannot write .*; nothing was changed/);
    assert.match(await filled.get(15014, "/healthz/live"), /^200 /);
    await onFile("fs.rmSync(file)");
    const done = await filled.exec("kasbah", "authority", "rotate");
    assert.equal(done.code, 0, done.err);
  });

  it("runs under an arbitrary user ID, as OpenShift assigns it", async () => {
    const user = { uid: 1_000_650_000, gid: 0 };
    const madeUp = await start("made-up", [memory("/var/lib/kasbah", "gid=0")], user);
    await madeUp.untilAnswers(15014, "/healthz/ready");
    const { code, out, err } = await madeUp.exec("kasbah", "authority", "list");
    assert.equal(code, 0, err);
    assert.match(out, /root-1/);
  });
});
