import assert from "node:assert/strict";
import { chmod, writeFile } from "node:fs/promises";
import { systemClock } from "@kasbah/runtime";
import {
  type FakeCa,
  freePort,
  startFakeCa,
  type TemporaryDirectory,
  temporaryDirectory,
} from "@kasbah/testkit";
import { type DebianProgram, provideProgram, whyNoDebianProgram } from "../harness/debian-program.ts";
import { LoggedProcess } from "../harness/logged-process.ts";
import { Pod } from "../harness/pod.ts";

/** Longer than the first download takes. */
const fetchTimeoutMs = 300_000;

describe("kasbah-agent behind tinyproxy", () => {
  let tinyproxy: DebianProgram;
  let directory: TemporaryDirectory;
  let ca: FakeCa;

  before(async function () {
    this.timeout(fetchTimeoutMs);
    if (whyNoDebianProgram() !== undefined) this.skip();
    tinyproxy = await provideProgram("usr/bin/tinyproxy", ["tinyproxy-bin"]);
  });

  beforeEach(async () => {
    directory = await temporaryDirectory();
    // tinyproxy gives up root, and reads its configuration before that.
    await chmod(directory.path, 0o755);
    ca = await startFakeCa({ now: () => systemClock.now() });
  });

  afterEach(async () => {
    await ca.close();
    await directory.remove();
  });

  async function start(allowedPort: number) {
    const port = await freePort();
    const lines = [
      "Listen 127.0.0.1",
      `Port ${port}`,
      "BasicAuth user pass123",
      `ConnectPort ${allowedPort}`,
    ];
    const config = directory.join("tinyproxy.conf");
    await writeFile(config, `${lines.join("\n")}\nLogLevel Info\n`);
    const command = [tinyproxy.path, "-d", "-c", config];
    const proxy = new LoggedProcess({ title: "tinyproxy", command, env: tinyproxy.env });
    await proxy.says("Accepting connections");
    return { proxy, at: `127.0.0.1:${port}` };
  }

  it("obtains certificates through the tunnel, with the proxy's user and password", async () => {
    const { proxy, at } = await start(ca.address.port);
    await using _ = proxy;
    await using pod = await Pod.create({ ca, env: { KASBAH_CA_PROXY: `http://user:pass123@${at}` } });
    await pod.start().logged("secret published");
    await proxy.says(`CONNECT 127.0.0.1:${ca.address.port} HTTP/1.1`);
    assert.equal(ca.calls.length, 1);
  });

  it("reports 401 or 407 without credentials, and 403 for a port that the proxy does not open", async () => {
    const { proxy, at } = await start(1);
    await using _ = proxy;
    for (const [url, status] of [
      [`http://${at}`, /it answered 40[17]/],
      [`http://user:pass123@${at}`, /it answered 403/],
    ] as const) {
      await using pod = await Pod.create({ ca, env: { KASBAH_CA_PROXY: url } });
      const agent = pod.start();
      const { error } = await agent.logged("rotation failed; keeping the current secret");
      assert.match((error as { readonly message: string }).message, status);
      assert.doesNotMatch(agent.log, /pass123/);
    }
    assert.equal(ca.calls.length, 0);
  });
});
