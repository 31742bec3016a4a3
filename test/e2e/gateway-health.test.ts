import assert from "node:assert/strict";
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createKeyPair } from "@kasbah/pki";
import { systemClock } from "@kasbah/runtime";
import {
  createTestAuthority,
  eventually,
  freePort,
  type TemporaryDirectory,
  type TestAuthority,
  temporaryDirectory,
} from "@kasbah/testkit";
import { AgentProcess } from "../harness/agent-process.ts";
import { setUpTimeoutMs, testEnvoy } from "../harness/envoy.ts";
import { agentBin } from "../harness/repository.ts";
import { type GatewayPlace, gatewayBootstrap } from "./gateway-bootstrap.ts";

const dayMs = 86_400_000;

interface Pair {
  readonly cert: string;
  readonly key: string;
}

for (const protocol of ["GRPC", "DELTA_GRPC"] as const) {
  describe(`Unusable gateway certificates with a real Envoy over ${protocol}`, function () {
    this.timeout(setUpTimeoutMs);
    let home: TemporaryDirectory;
    let authority: TestAuthority;
    let agent: AgentProcess | undefined;
    let envoy: ChildProcess | undefined;
    let place: GatewayPlace;

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
      for (const host of ["shop", "api", "bell"])
        await mkdir(join(place.directory, host), { recursive: true });
    });

    afterEach(async () => {
      if (envoy?.exitCode === null && envoy.kill()) await once(envoy, "exit");
      await agent?.kill();
      await home.remove();
    });

    const mint = async (host: string, daysLeft: number): Promise<Pair> => {
      const keyPair = await createKeyPair("P-256");
      const names = [{ kind: "dns", value: `${host}.example.com` }] as const;
      const now = Math.floor(systemClock.now().getTime() / 1_000) * 1_000;
      const notAfter = new Date(now + daysLeft * dayMs);
      const notBefore = new Date(notAfter.getTime() - 90 * dayMs);
      const leaf = await authority.issue({ publicKey: keyPair.publicKey, names, notBefore, notAfter });
      return { cert: leaf.toPem(), key: keyPair.toPkcs8Pem() };
    };
    const write = async (host: string, { cert, key }: Pair) => {
      const directory = join(place.directory, host);
      await writeFile(join(directory, "ca.crt"), authority.rootPem);
      await writeFile(join(directory, "tls.crt"), cert);
      await writeFile(join(directory, "tls.key"), key);
    };
    const smallRsa = async (host: string) => {
      const directory = join(place.directory, host);
      const to = ["-keyout", join(directory, "tls.key"), "-out", join(directory, "tls.crt")];
      const args = [
        "req",
        "-x509",
        "-newkey",
        "rsa:1024",
        "-nodes",
        "-days",
        "90",
        "-subj",
        `/CN=${host}`,
        ...to,
      ];
      execFileSync("openssl", args, { stdio: "pipe" });
    };
    const nameOf = (host: string) =>
      `file-cert:${join(place.directory, host, "tls.crt")}~${join(place.directory, host, "tls.key")}`;

    it("an expired, an unfit and a rejected pair show in health, metrics and status until each is replaced", async () => {
      await write("shop", await mint("shop", -3));
      const [api, other] = [await mint("api", 60), await mint("api", 60)];
      await write("api", { cert: api.cert, key: other.key });
      await smallRsa("bell");
      const running = await startAgent();
      await startEnvoy();

      await eventually(async () => (await problems(running)).split("\n").length === 3);
      const { ready, reasons } = await running.readiness();
      // There is no CA, so the workload has no identity; the gateway's names do not change that.
      assert.equal(ready, false);
      assert.match(reasons.join(), /no secret yet/);
      const said = (await problems(running)).split("\n");
      assert.match(
        said[0] ?? "",
        /^certificate-missing: .*api\/tls\.key since .*FILE_INVALID: the key does not match/,
      );
      assert.match(said[1] ?? "", /^certificate-expired: .*shop\/tls\.key expired 3 d ago/);
      assert.match(said[2] ?? "", /^certificate-refused: a client rejects .*bell.* \(NACK\): .*2048/);
      await metricIs(running, 'kasbah_agent_gateway_names{condition="missing"}', 1);
      await metricIs(running, 'kasbah_agent_gateway_names{condition="expired"}', 1);
      await metricIs(running, 'kasbah_agent_gateway_names{condition="refused"}', 1);
      await metricIs(running, `kasbah_agent_refused_names{resource_name="${nameOf("bell")}"}`, 1);
      const first = `istio_agent_cert_expiry_seconds{resource_name="${nameOf("shop")}"}`;
      assert.ok(Math.abs(((await running.metric(first)) ?? 0) + 3 * 86_400) < 3_600);
      const states = await gatewayStates(running);
      assert.deepEqual(
        ["api", "shop", "bell"].map((host) => states.get(nameOf(host))),
        ["missing", "served", "refused"],
      );
      // Envoy subscribes to the usable name on a stream of its own.
      await eventually(async () => /gateway: 4 names/.test(await statusText(running)));
      const text = await statusText(running);
      assert.match(text, /^ {2}gateway: 4 names, 1 missing, 1 expired, 1 refused, 1 fine$/m);
      assert.match(text, /^ {6}NACK since .*\n.* keys are supported$/m);
      for (const line of text.slice(text.indexOf("  gateway:")).split("\n"))
        assert.ok(line.length <= 80, line);
      assert.equal(running.log.split("the certificate in the files has expired").length, 2);

      await write("shop", await mint("shop", 60));
      await eventually(async () => !(await problems(running)).includes("certificate-expired"));
      await write("api", api);
      await eventually(async () => !(await problems(running)).includes("certificate-missing"));
      await write("bell", await mint("bell", 60));
      await eventually(async () => (await problems(running)) === "");
      await metricIs(running, `kasbah_agent_refused_names{resource_name="${nameOf("bell")}"}`, undefined);
      assert.match(await statusText(running), /^ {2}gateway: 4 names, 4 fine$/m);

      // A renewal that goes wrong keeps the previous pair and says since when.
      await cp(join(place.directory, "bell/tls.key"), join(place.directory, "shop/tls.key"));
      await eventually(async () => /certificate-previous: .*shop.* since /.test(await problems(running)));
      // Contents that Envoy has rejected once are not sent again, and must not look accepted.
      await smallRsa("bell");
      await eventually(async () => (await problems(running)).includes("certificate-refused"));
      await metricIs(running, 'kasbah_agent_gateway_names{condition="fine"}', 2);
    });

    const problems = async (of: AgentProcess): Promise<string> =>
      ((await of.readiness()).warnings ?? []).filter((each) => each.startsWith("certificate-")).join("\n");

    const metricIs = async (of: AgentProcess, series: string, value: number | undefined) =>
      eventually(async () => (await of.metric(series)) === value);

    async function gatewayStates(of: AgentProcess): Promise<ReadonlyMap<string, string>> {
      const { gateway } = JSON.parse(await of.status("/debug/secrets")) as {
        gateway: { certificates: readonly { name: string; state: string }[] };
      };
      return new Map(gateway.certificates.map(({ name, state }) => [name, state]));
    }

    async function statusText(of: AgentProcess): Promise<string> {
      const args = [agentBin, "status", "--status-address", await of.statusAddress()];
      const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
      let out = "";
      for await (const chunk of child.stdout.setEncoding("utf8")) out += chunk;
      return out;
    }

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
      agent = new AgentProcess({ flags });
      return agent;
    }

    async function startEnvoy(): Promise<void> {
      const path = home.join("envoy.json");
      await writeFile(path, JSON.stringify(gatewayBootstrap(place)));
      const args = ["-c", path, "--disable-hot-restart", "--concurrency", "1", "--log-level", "off"];
      envoy = spawn(await testEnvoy(), args, { stdio: ["ignore", "ignore", "inherit"] });
    }
  });
}
