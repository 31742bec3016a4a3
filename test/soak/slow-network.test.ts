import assert from "node:assert/strict";
import { type TemporaryDirectory, temporaryDirectory } from "@kasbah/testkit";
import { CaProcess } from "../harness/ca-process.ts";
import { mayCreateNetworks, SlowNetwork, type SlowNetworkOptions } from "../harness/network/slow-network.ts";
import { Pod } from "../harness/pod.ts";
import { mintDemoToken, saveIssuer } from "../harness/token-issuer.ts";

describe("Agent and CA on a slow network", () => {
  let directory: TemporaryDirectory;

  before(function () {
    if (!mayCreateNetworks()) this.skip();
  });

  beforeEach(async () => {
    directory = await temporaryDirectory();
  });

  afterEach(() => directory.remove());

  /** Starts a CA and an agent that finds it by the name `ca.test`. */
  async function start(network: SlowNetwork, caAddress = "ca.test:15012") {
    const { within } = network;
    const issuer = await saveIssuer(directory.join("issuer"));
    const flags = [...issuer.flags, "--grpc-address", "[::]:15012", "--server-san", "ca.test"];
    const ca = new CaProcess({ stateDir: directory.join("state"), flags, within });
    await ca.logged("daemon started");
    const pod = await Pod.create({
      ca: { address: { host: "ca.test", port: 15_012 }, authority: { rootPem: await ca.rootPem() } },
      token: await mintDemoToken(issuer.tokens, "lonely"),
      caAddress,
      within,
    });
    const agent = pod.start();
    return { ca, pod, agent };
  }

  async function trial(options: SlowNetworkOptions, caAddress?: string) {
    const network = await SlowNetwork.start(options);
    const { ca, pod, agent } = await start(network, caAddress);
    return {
      ca,
      agent,
      network,
      async [Symbol.asyncDispose]() {
        await pod[Symbol.asyncDispose]();
        await ca.kill();
        await network[Symbol.asyncDispose]();
      },
    };
  }

  /** The attempts that failed before the first certificate. */
  const failures = (log: string) => log.match(/"event":"rotation failed/g)?.length ?? 0;

  it("connects in the first attempt over a round trip of 600 ms if one address of the CA is dead", async () => {
    await using scene = await trial({
      delayMs: 300,
      addresses: { "10.66.0.2": "live", "10.66.0.3": "dead" },
      names: { "ca.test": ["10.66.0.2", "10.66.0.3"] },
    });
    await scene.agent.logged("secret published");
    assert.equal(failures(scene.agent.log), 0);
  });

  for (const live of ["10.66.0.2", "10.66.0.4"]) {
    it(`connects in the first attempt over a round trip of 2 s if of three addresses only ${live} lives`, async () => {
      const addresses = ["10.66.0.2", "10.66.0.3", "10.66.0.4"];
      await using scene = await trial({
        delayMs: 1_000,
        addresses: { ...Object.fromEntries(addresses.map((one) => [one, "dead" as const])), [live]: "live" },
        names: { "ca.test": addresses },
      });
      await scene.agent.logged("secret published");
      assert.equal(failures(scene.agent.log), 0);
    });
  }

  it("connects in the first attempt if the CA's IPv6 address accepts connections and loses all data", async () => {
    await using scene = await trial({
      delayMs: 300,
      addresses: { "fd66::2": "silent", "10.66.0.2": "live" },
      names: { "ca.test": ["fd66::2", "10.66.0.2"] },
    });
    await scene.agent.logged("secret published");
    assert.equal(failures(scene.agent.log), 0);
    assert.deepEqual([...new Set(scene.network.attempts)].sort(), ["10.66.0.2", "fd66::2"]);
  });

  it("opens one connection to a CA with several live addresses on a fast network", async () => {
    const addresses = ["10.66.0.2", "10.66.0.3", "10.66.0.4"];
    await using scene = await trial({
      delayMs: 5,
      addresses: Object.fromEntries(addresses.map((one) => [one, "live" as const])),
      names: { "ca.test": addresses },
    });
    await scene.agent.logged("secret published");
    assert.equal(scene.network.attempts.length, 1);
  });

  it("names every address with its own reason if all are dead", async () => {
    await using scene = await trial({
      delayMs: 100,
      addresses: { "fd66::2": "silent", "10.66.0.2": "dead", "10.66.0.3": "dead" },
      names: { "ca.test": ["fd66::2", "10.66.0.2", "10.66.0.3"] },
    });
    const { error } = await scene.agent.logged("rotation failed; keeping the current secret");
    const { message } = error as { readonly message: string };
    assert.match(message, /10\.66\.0\.2: has not accepted the connection/);
    assert.match(message, /10\.66\.0\.3: has not accepted the connection/);
    // The CA closes a connection without a handshake after five seconds.
    assert.match(
      message,
      /fd66::2: (accepted the connection, but did not|Client network socket disconnected)/,
    );
  });

  it("resolves a name with a final dot, and verifies the CA by the name without it", async () => {
    await using scene = await trial(
      { delayMs: 5, addresses: { "10.66.0.2": "live" }, names: { "ca.test.": ["10.66.0.2"] } },
      "CA.Test.:15012",
    );
    await scene.agent.logged("secret published");
    assert.equal(failures(scene.agent.log), 0);
  });
});
