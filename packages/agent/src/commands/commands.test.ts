import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Server } from "node:net";
import { parseTrustDomain } from "@kasbah/pki";
import { createRegistry, createStatusServer, jsonReply, type Readiness, systemClock } from "@kasbah/runtime";
import {
  createTestAuthority,
  FakeClock,
  mintSecret,
  recordingLogger,
  type TemporaryDirectory,
  temporaryDirectory,
} from "@kasbah/testkit";
import { AgentError } from "../errors.ts";
import type { RotationFailure } from "../rotation/rotator.ts";
import type { StreamView } from "../sds/stream/stream-record.ts";
import { WorkloadProvider } from "../sds/workload-provider.ts";
import { SecretStore } from "../secret/secret-store.ts";
import { agentReadiness } from "../telemetry/readiness.ts";
import { statusDocument } from "../telemetry/status-document.ts";
import { runAgentCommand } from "./run-command.ts";

const start = new Date("2030-01-01T00:00:00Z");

const noGateway = { refusals: () => new Map(), unserved: () => new Set<string>(), gateway: () => undefined };

const client: StreamView = {
  protocol: "delta",
  node: "envoy-7",
  openedAt: start,
  resources: [{ name: "spiffe://cluster.local", state: "refused", version: "1" }],
  nacks: 1,
  lastNack: { names: ["spiffe://cluster.local"], complaint: "no \u001b[2J", at: start },
};

describe("The commands of kasbah-agent", () => {
  let directory: TemporaryDirectory;
  let closers: (() => unknown)[];
  let clock: FakeClock;
  let store: SecretStore;
  let failure: RotationFailure | undefined;
  let clockOffsetMs: number | undefined;
  let out: string;
  let err: string;

  beforeEach(async () => {
    directory = await temporaryDirectory();
    closers = [];
    clock = new FakeClock(start);
    store = new SecretStore(clock);
    failure = undefined;
    clockOffsetMs = undefined;
    [out, err] = ["", ""];
  });

  afterEach(async () => {
    for (const close of closers) await close();
    await directory.remove();
  });

  const run = (argv: readonly string[], env: Record<string, string> = {}) =>
    runAgentCommand({
      argv,
      env,
      readFile: () => assert.fail("no file is named"),
      write: (text) => {
        out += text;
      },
      writeError: (text) => {
        err += text;
      },
      clock: systemClock,
      roll: () => 0.5,
    });

  /** The status port of an agent with the test's store. */
  async function agent(readiness: () => Readiness = () => agentReadiness(store, "CA_UNREACHABLE: away")) {
    const sources = {
      version: "0",
      store,
      clock,
      readiness,
      failure: () => failure,
      caAddresses: ["ca.test:15012"],
      clockOffsetMs: () => clockOffsetMs,
      consumers: () => [{ kind: "command", failures: 3, deadline: new Date("2030-01-01T02:00:00Z") }],
    };
    const names = {
      trustDomain: parseTrustDomain("cluster.local"),
      namespace: "demo",
      serviceAccount: "frontend",
    };
    const catalog = new WorkloadProvider(store, names);
    const document = () =>
      statusDocument({
        ...sources,
        catalog,
        names: noGateway,
        streams: () => [client],
        sds: { open: 2, nacks: 7 },
      });
    const server = createStatusServer({
      address: { host: "127.0.0.1", port: 0 },
      flag: "--status-address",
      registry: createRegistry({ name: "kasbah-agent", version: "0" }),
      readiness,
      pages: { "/debug/secrets": () => jsonReply(document()) },
      logger: recordingLogger(),
    });
    await server.start();
    closers.push(() => server.stop());
    return at(server.address.port);
  }

  /** A server that answers every connection with these bytes. */
  async function stranger(bytes: string | undefined) {
    const server = createServer((socket) => {
      socket.on("error", () => undefined).on("data", () => bytes !== undefined && socket.end(bytes));
      closers.push(() => socket.destroy());
    });
    return at(await listening(server.listen(0, "127.0.0.1")));
  }

  async function listening(server: Server): Promise<number> {
    await once(server, "listening");
    closers.push(() => void server.close());
    const address = server.address();
    return typeof address === "object" && address !== null ? address.port : 0;
  }

  const at = (port: number) => ["--status-address", `127.0.0.1:${port}`];
  const wait = async (...flags: string[]) =>
    run(["wait", "--sds-socket", directory.join("sds"), "--timeout", "300ms", ...flags]);
  const serveSds = () => listening(createServer((socket) => socket.destroy()).listen(directory.join("sds")));
  const reply = (body: string) =>
    `HTTP/1.1 200 OK\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`;

  describe("invalid arguments", () => {
    for (const [argv, said] of [
      [["stauts"], /did you mean status\?/],
      [["WAIT"], /unknown command "WAIT".*wait, status, /],
      [["\u001b[31mwait"], /unknown command "\\u001b\[31mwait"/],
      [["wait", "--timeout", "soon"], /--timeout.*expected a duration/],
      [["wait", "--timout", "1s"], /did you mean --timeout\?/],
      [["status", "now"], /unexpected argument "now"/],
    ] as const) {
      it(`exits 2 for ${JSON.stringify(argv)}`, async () => {
        assert.equal(await run(argv), 2);
        assert.match(err, said);
        assert.equal(out, "");
      });
    }

    it("prints the command's own flags with --help, and not the daemon's", async () => {
      for (const [name, flag] of [
        ["wait", "--timeout"],
        ["status", "--json"],
      ] as const) {
        out = "";
        assert.equal(await run([name, "--help"]), 0);
        assert.match(out, new RegExp(`kasbah-agent ${name}[\\s\\S]*${flag}[\\s\\S]*--status-address`));
        assert.doesNotMatch(out, /--secret-ttl/);
      }
    });
  });

  describe("wait", () => {
    it("rejects a server that is not kasbah-agent, such as pilot-agent on the same port", async () => {
      await serveSds();
      for (const body of [
        "",
        "ok\n",
        "[]",
        "null",
        '{"ready":"true"}',
        "[".repeat(100_000),
        "x".repeat(2_000_000),
      ]) {
        err = "";
        assert.equal(await wait(...(await stranger(reply(body)))), 1);
        assert.match(err, /AGENT_REPLY_INVALID.*--status-address/, body.slice(0, 20));
      }
    });

    it("times out on a server that accepts connections and does not answer", async () => {
      await serveSds();
      assert.equal(await wait(...(await stranger(undefined))), 1);
      assert.match(err, /no answer within 2 s/);
    });

    it("reports that nothing answers", async () => {
      const port = await listening(createServer().listen(0, "127.0.0.1"));
      await closers.pop()?.();
      assert.equal(await wait(...at(port)), 1);
      assert.match(err, /AGENT_UNREACHABLE.*ECONNREFUSED/);
    });

    it("prints the agent's own reasons on timeout, with control characters escaped", async () => {
      const said = await agent(() => ({
        ready: false,
        reasons: ["no secret yet", "CA_REFUSED: \u001b[2Jgone"],
      }));
      await serveSds();
      assert.equal(await wait(...said), 1);
      assert.match(err, /after 300ms: no secret yet; CA_REFUSED: \\u001b\[2Jgone.*AGENT_NOT_READY/);
      assert.ok(!err.includes("\u001b"));
    });

    it("keeps waiting if the agent is ready but nothing listens on its SDS socket", async () => {
      store.publish(await mintSecret({ receivedAt: start, ttlMs: 60_000 }));
      assert.equal(await wait(...(await agent())), 1);
      assert.match(err, /the SDS socket .*sds \(ENOENT\)/);
    });

    it("exits 0 when the secret is served, even if it arrives later", async () => {
      const address = await agent();
      await serveSds();
      const waited = run(["wait", "--sds-socket", directory.join("sds"), "--timeout", "20s", ...address]);
      store.publish(await mintSecret({ receivedAt: start, ttlMs: 60_000 }));
      assert.equal(await waited, 0, err);
      assert.equal(err, "");
    });

    it("finds the agent by the variables and flags that the agent was started with", async () => {
      store.publish(await mintSecret({ receivedAt: start, ttlMs: 60_000 }));
      const [, address = ""] = await agent();
      await serveSds();
      const env = { KASBAH_STATUS_ADDRESS: address, KASBAH_SDS_SOCKET: directory.join("sds") };
      assert.equal(await run(["wait", "--ca-address", "ca.test:15012"], env), 0, err);
    });
  });

  describe("status", () => {
    it("reports that there is no certificate yet and exits 1", async () => {
      assert.equal(await run(["status", ...(await agent())]), 1);
      assert.match(out, /: starting\n/);
      assert.match(out, /not ready +no secret yet\n/);
      assert.match(out, /certificate +none yet\n/);
    });

    for (const [condition, offsetMs, said] of [
      ["no offset if none was measured", undefined, ""],
      ["the offset if the CA's clock is ahead", 12.4, "; its clock is 12 ms ahead of the local clock"],
      ["the offset if the CA's clock is behind", -11.2, "; its clock is 11 ms behind the local clock"],
    ] as const) {
      it(`prints the CA's address, and ${condition}`, async () => {
        clockOffsetMs = offsetMs;
        await run(["status", ...(await agent())]);
        assert.match(out, new RegExp(`^  CA +ca\\.test:15012${said}$`, "m"));
      });
    }

    it("prints the served certificate with its remaining lifetime and exits 0", async () => {
      const authority = await createTestAuthority("Acme");
      const secret = await mintSecret({ authority, receivedAt: start, ttlMs: 3_600_000 });
      store.publish(secret);
      await clock.advance(600_000);
      assert.equal(await run(["status", ...(await agent())]), 0);
      assert.match(out, /: ready\n/);
      assert.match(out, /SPIFFE ID +spiffe:\/\/cluster.local\/ns\/demo\/sa\/frontend\n/);
      assert.match(out, new RegExp(`serial +${secret.leaf.serial}\n`));
      assert.match(out, new RegExp(`fingerprint +${secret.leaf.fingerprint}\n`));
      assert.match(out, /valid +2030-01-01T00:00:00.000Z to 2030-01-01T01:00:00.000Z, 50m left\n/);
      assert.match(out, /rotation +due at 2030-01-01T00:30:00.000Z\n/);
      assert.match(out, new RegExp(`root +${authority.certificate.fingerprint} until 2045-.*Acme`));
      assert.match(
        out,
        /served +ROOTCA [0-9a-f]{32}, default [0-9a-f]{32}, spiffe:\/\/cluster.local [0-9a-f]{32}\n/,
      );
      assert.match(
        out,
        /application \(command\) +loaded a certificate until 2030-01-01T02:00:00\.000Z, then failed runs: 3\n/,
      );
      assert.match(out, /CA +ca\.test:15012\n/);
      assert.match(out, /SDS +2 open streams, 7 rejected/);
      assert.match(out, /rejected +spiffe:\/\/cluster.local by envoy-7: no \\u001b\[2J\n/);
    });

    it("prints an expired certificate and the last failure with its fix, and exits 1", async () => {
      store.publish(await mintSecret({ receivedAt: start, ttlMs: 60_000 }));
      await clock.advance(3_660_000);
      const refusal = { code: "TOKEN_AUDIENCE", referenceId: "9f2c51d07ab4", fix: "mount another token" };
      const error = new AgentError("CA_REFUSED", "the CA refuses", { refusal });
      failure = { error, code: "CA_REFUSED", failures: 3, retryInMs: 10_000 };
      assert.equal(await run(["status", ...(await agent())]), 1);
      assert.match(out, /: expired\n/);
      assert.match(out, /expired 1h ago/);
      assert.match(out, /last failure +CA_REFUSED \(3 in a row; retried after 10s\) the CA refuses\n/);
      assert.match(out, /fix +mount another token\n/);
      assert.doesNotMatch(out, /served.*default/);
    });

    it("prints the whole document as JSON, without a key", async () => {
      const secret = await mintSecret({ receivedAt: start, ttlMs: 60_000 });
      store.publish(secret);
      assert.equal(await run(["status", "--json", ...(await agent())]), 0);
      const document = JSON.parse(out);
      assert.equal(document.certificate.serial, secret.leaf.serial);
      assert.equal(document.trustBundle[0].fingerprint, secret.bundle.roots[0]?.fingerprint);
      assert.deepEqual(document.ca, { addresses: ["ca.test:15012"] });
      assert.doesNotMatch(out, /PRIVATE|BEGIN/);
      const key = Buffer.from(secret.keyPair.toPkcs8Der());
      assert.ok(
        !out.includes(key.toString("base64").slice(60, 100)) &&
          !out.includes(key.toString("hex").slice(60, 100)),
      );
    });

    it("prints the known fields of another release's document", async () => {
      const odd = {
        ready: true,
        state: "ready",
        certificate: [],
        trustBundle: "x",
        resources: [null, 7],
        ca: 1,
        sds: {},
      };
      assert.equal(await run(["status", ...(await stranger(reply(JSON.stringify(odd))))]), 0);
      assert.match(out, /: ready\n/);
    });

    it("reports that nothing answers and exits 1", async () => {
      assert.equal(await run(["status", "--status-address", "127.0.0.1:1"]), 1);
      assert.match(err, /AGENT_UNREACHABLE/);
    });
  });
});
