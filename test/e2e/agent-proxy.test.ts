import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { systemClock } from "@kasbah/runtime";
import { type FakeCa, ProxyServer, startFakeCa } from "@kasbah/testkit";
import { Pod } from "../harness/pod.ts";
import { agentBin } from "../harness/repository.ts";

describe("kasbah-agent behind a proxy", () => {
  let ca: FakeCa;
  let proxy: ProxyServer;
  let url: string;

  beforeEach(async () => {
    ca = await startFakeCa({ now: () => systemClock.now() });
    proxy = await ProxyServer.start();
    url = proxy.url.origin.replace("//", "//user:pass%40word@");
  });

  afterEach(async () => {
    await proxy[Symbol.asyncDispose]();
    await ca.close();
  });

  const hidesPassword = (log: string) => assert.doesNotMatch(log, /pass%40word|pass@word|Basic/);

  it("obtains its certificate through the proxy, which sees neither token nor request", async () => {
    await using pod = await Pod.create({ ca, env: { KASBAH_CA_PROXY: url } });
    const agent = pod.start();
    await agent.logged("secret published");
    const sent = Buffer.from("user:pass@word").toString("base64");
    assert.match(
      proxy.heads.join(),
      new RegExp(`^CONNECT 127\\.0\\.0\\.1:${ca.address.port} .*Basic ${sent}`, "s"),
    );
    assert.deepEqual([proxy.heads.length, ca.calls.length, proxy.saw("Bearer")], [1, 1, false]);
    hidesPassword(agent.log);
  });

  it("reports the proxy and its status if it refuses, without the password, and sends the CA nothing", async () => {
    proxy.behavior = { answer: "HTTP/1.1 407 injected\r\n\r\n" };
    await using pod = await Pod.create({ ca, flags: { "--ca-proxy": url } });
    const agent = pod.start();
    const { error } = await agent.logged("rotation failed; keeping the current secret");
    const { message } = error as { readonly message: string };
    assert.match(
      message,
      /through the proxy http:\/\/127\.0\.0\.1:\d+: it answered 407; set user and password/,
    );
    assert.doesNotMatch(agent.log, /injected/);
    hidesPassword(agent.log + (await agent.status("/debug/config")) + (await agent.status("/metrics")));
    assert.equal(ca.calls.length, 0);
  });

  it("names a proxy of the environment that it cannot use in --check-config, as at the start", () => {
    for (const [HTTPS_PROXY, reason] of [
      ["https://u:secret@proxy.example", "expected http://, because TLS to the proxy is not supported"],
      ["http://u:secret%@proxy.example", "expected percent-encoded credentials in the URL of the proxy"],
    ] as const) {
      for (const flags of [["--check-config"], ["--sds-socket", "/nonexistent/sds"]]) {
        const { status, stderr } = spawnSync(
          process.execPath,
          [agentBin, "--ca-proxy", "environment", ...flags],
          { encoding: "utf8", env: { HTTPS_PROXY }, timeout: 30_000 },
        );
        assert.equal(status, 2, stderr);
        assert.ok(stderr.includes(`HTTPS_PROXY: ${reason}`), stderr);
        assert.doesNotMatch(stderr, /secret/);
      }
    }
  });

  it("uses no proxy of the environment unless told to, and none for the CAs of --ca-no-proxy", async () => {
    const env = { HTTPS_PROXY: url, HTTP_PROXY: url };
    const direct = [
      { env },
      { env, flags: { "--ca-proxy": "environment", "--ca-no-proxy": "10.0.0.0/8,127.0.0.0/8" } },
      { env: { ...env, NO_PROXY: "127.0.0.1" }, flags: { "--ca-proxy": "environment" } },
    ];
    for (const launch of direct) {
      await using pod = await Pod.create({ ca, ...launch });
      await pod.start().logged("secret published");
      assert.deepEqual(proxy.heads, []);
    }
    await using pod = await Pod.create({ ca, env, flags: { "--ca-proxy": "environment" } });
    await pod.start().logged("secret published");
    assert.equal(proxy.heads.length, 1);
  });
});
