import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, rename, writeFile } from "node:fs/promises";
import { Agent, get } from "node:https";
import { join } from "node:path";
import type { TLSSocket } from "node:tls";
import { EnvoyAdmin } from "@kasbah/cli/mesh";
import { createKeyPair } from "@kasbah/pki";
import { systemClock } from "@kasbah/runtime";
import {
  createTestAuthority,
  eventually,
  freePort,
  mountKubeletVolume,
  type TemporaryDirectory,
  type TestAuthority,
  temporaryDirectory,
} from "@kasbah/testkit";
import { AgentProcess } from "../harness/agent-process.ts";
import { setUpTimeoutMs, testEnvoy } from "../harness/envoy.ts";
import { type GatewayPlace, gatewayBootstrap } from "./gateway-bootstrap.ts";

const swaps = Number(process.env["KASBAH_SWAPS"] ?? 25);

interface Pair {
  readonly cert: string;
  readonly key: string;
  readonly serial: string;
}

/** The way in which the files of one host are replaced. */
type Replace = (pair: Pair) => Promise<void>;

for (const protocol of ["GRPC", "DELTA_GRPC"] as const) {
  describe(`Gateway whose files are replaced ${swaps} times under traffic, over ${protocol}`, function () {
    this.timeout(setUpTimeoutMs);
    let home: TemporaryDirectory;
    let authority: TestAuthority;
    let agent: AgentProcess | undefined;
    let envoy: ChildProcess | undefined;
    let place: GatewayPlace;
    let client: Pair;

    beforeEach(async () => {
      home = await temporaryDirectory();
      authority = await createTestAuthority("Public");
      [agent, envoy] = [undefined, undefined];
      place = {
        protocol,
        directory: home.join("etc"),
        socket: home.join("uds/socket"),
        port: await freePort(),
        adminPort: await freePort(),
      };
      client = await mint("client.example.com");
    });

    afterEach(async () => {
      if (envoy?.exitCode === null && envoy.kill()) await once(envoy, "exit");
      await agent?.kill();
      await home.remove();
    });

    const mint = async (host: string): Promise<Pair> => {
      const keyPair = await createKeyPair("P-256");
      const names = [{ kind: "dns", value: host }] as const;
      const leaf = await authority.issue({ publicKey: keyPair.publicKey, names });
      return { cert: leaf.toPem(), key: keyPair.toPkcs8Pem(), serial: leaf.serial };
    };

    it("fails no request, never mixes two pairs, and ends with the latest pair of each host", async () => {
      const { directory } = place;
      const files = ({ cert, key }: Pair) => ({
        "tls.crt": cert,
        "tls.key": key,
        "ca.crt": authority.rootPem,
      });
      const first = await Promise.all(hosts.map(mint));
      const [shop, api, bell] = first;
      assert.ok(shop && api && bell);
      await mkdir(directory);
      for (const name of ["shop", "api", "bell"]) await mkdir(join(directory, name));
      const shopVolume = await mountKubeletVolume(join(directory, "shop"), files(shop));
      const apiVolume = await mountKubeletVolume(join(directory, "api"), files(api));
      const rewrite = writing(join(directory, "bell"));
      await rewrite(bell);
      const replace: Record<string, Replace> = {
        "shop.example.com": (pair) => shopVolume.swap(files(pair)),
        "api.example.com": (pair) => apiVolume.swap(files(pair)),
        "bell.example.com": rewrite,
      };
      agent = await startAgent();
      const admin = await startEnvoy();

      const traffic = startTraffic();
      try {
        await eventually(() => hosts.every((host) => traffic.serials(host).size === 1));
        for (let swap = 1; swap <= swaps; swap += 1) {
          const replacing = hosts.map(async (host) => {
            const pair = await mint(host);
            await replace[host]?.(pair);
            // Every certificate of each host must be served, the latest one at the end.
            await eventually(() => traffic.last(host) === pair.serial);
          });
          await Promise.all(replacing);
        }
      } finally {
        // Open requests would keep the test process alive.
        await traffic.stop();
      }
      const { failures, sent } = await traffic.stop();

      assert.deepEqual(failures, []);
      assert.ok(sent >= swaps * hosts.length * 2, `${sent} requests`);
      for (const host of hosts) assert.equal(traffic.serials(host).size, swaps + 1, host);
      const sum = (pattern: RegExp) => admin.sum(pattern);
      assert.equal(await sum(/^sds\..*\.update_rejected$/), 0);
      assert.equal(
        await sum(/ssl\.connection_error$|fail_verify|_secrets_not_ready$|key_rotation_failed$/),
        0,
      );
      assert.ok((await sum(/^sds\..*\.update_success$/)) >= swaps * hosts.length);
      const metrics = await agent.status("/metrics");
      assert.match(metrics, /^istio_agent_num_file_watcher_failures_total 0$/m);
      assert.doesNotMatch(metrics, /^istio_agent_pilot_total_xds_rejects\{.*\} [1-9]/m);
    });

    const hosts = ["shop.example.com", "api.example.com", "bell.example.com"];

    async function startAgent(): Promise<AgentProcess> {
      // No CA listens at this address: the gateway's files do not need one.
      const flags = {
        "--ca-address": `127.0.0.1:${await freePort()}`,
        "--token-file": home.join("token"),
        "--file-directory": place.directory,
        "--sds-socket": place.socket,
        "--status-address": "127.0.0.1:0",
        "--log-format": "json",
      };
      return new AgentProcess({ flags });
    }

    async function startEnvoy() {
      const path = home.join("envoy.json");
      await writeFile(path, JSON.stringify(gatewayBootstrap(place)));
      const args = ["-c", path, "--disable-hot-restart", "--concurrency", "2", "--log-level", "off"];
      envoy = spawn(await testEnvoy(), args, { stdio: ["ignore", "ignore", "inherit"] });
      const address = { host: "127.0.0.1", port: place.adminPort };
      const admin = new EnvoyAdmin(address);
      await eventually(() => admin.isReady());
      const sum = async (pattern: RegExp): Promise<number> => {
        const text = await (await fetch(`http://127.0.0.1:${place.adminPort}/stats`)).text();
        const rows = text.split("\n").map((line) => line.split(": "));
        return rows
          .filter(([name = ""]) => pattern.test(name))
          .reduce((total, [, value]) => total + Number(value), 0);
      };
      return { sum };
    }

    /** Sends requests to every host in turn, each with its own handshake, until it is stopped. */
    function startTraffic() {
      const seen = new Map(hosts.map((host) => [host, [] as string[]]));
      const failures: string[] = [];
      let [sent, isDone] = [0, false];
      const caller = async (host: string) => {
        while (!isDone) {
          sent += 1;
          await ask(host).then(
            (serial) => seen.get(host)?.push(serial),
            (error: Error) => failures.push(`${host}: ${error.message}`),
          );
          await systemClock.sleep(4);
        }
      };
      const calling = Promise.all(hosts.map(caller));
      return {
        serials: (host: string) => new Set(seen.get(host)),
        last: (host: string) => seen.get(host)?.at(-1),
        stop: async () => {
          isDone = true;
          await calling;
          return { failures, sent };
        },
      };
    }

    /** The serial number of the host's certificate, after verifying its name, its root and its key. */
    function ask(host: string): Promise<string> {
      const agent = new Agent({ keepAlive: false, maxCachedSessions: 0 });
      const tls = { ca: authority.rootPem, cert: client.cert, key: client.key, servername: host };
      return new Promise((resolve, reject) => {
        const options = { host: "127.0.0.1", port: place.port, agent, timeout: 10_000, ...tls };
        const call = get(options, (response) => {
          const serial = (response.socket as TLSSocket).getPeerCertificate().serialNumber.toLowerCase();
          const isGood = response.statusCode === 200;
          response.resume().on("end", () => {
            if (isGood) resolve(serial);
            else reject(new Error(`status ${response.statusCode}`));
          });
        });
        call.on("timeout", () => call.destroy(new Error("no answer within 10 s"))).on("error", reject);
      });
    }
  });
}

/** Alternates between writing a pair in place and renaming it into place, always one file after the other. */
function writing(directory: string): Replace {
  let isRename = false;
  const put = async (file: string, content: string) => {
    if (!isRename) return writeFile(join(directory, file), content);
    await writeFile(join(directory, `${file}.new`), content);
    await rename(join(directory, `${file}.new`), join(directory, file));
  };
  return async ({ cert, key }) => {
    await put("tls.crt", cert);
    await systemClock.sleep(30);
    await put("tls.key", key);
    isRename = !isRename;
  };
}
