import assert from "node:assert/strict";
import { createServer } from "node:net";
import { systemClock } from "@kasbah/runtime";
import { Http2Server } from "@kasbah/runtime/grpc-http2";
import { UnixSocket } from "@kasbah/runtime/rpc";
import {
  eventually,
  mintSecret,
  recordingLogger,
  type TemporaryDirectory,
  temporaryDirectory,
} from "@kasbah/testkit";
import { AgentError } from "../errors.ts";
import { createRotateRoute } from "../rotate-call/create-rotate-route.ts";
import { sdsStatus } from "../sds/socket.ts";
import { SecretStore, type WorkloadSecret } from "../secret/secret-store.ts";
import type { RotationRequests } from "../secret/supply.ts";
import { runAgentCommand } from "./run-command.ts";

const receivedAt = new Date("2030-01-01T00:00:00Z");

describe("kasbah-agent rotate", () => {
  let directory: TemporaryDirectory;
  let closers: (() => unknown)[];
  let store: SecretStore;
  let [old, renewed]: WorkloadSecret[] = [];
  let asked: number;

  before(async () => {
    old = await mintSecret({ receivedAt, ttlMs: 3_600_000 });
    renewed = await mintSecret({ receivedAt, ttlMs: 7_200_000 });
  });
  beforeEach(async () => {
    directory = await temporaryDirectory();
    closers = [];
    asked = 0;
    store = new SecretStore(systemClock);
    if (old !== undefined) store.publish(old);
  });
  afterEach(async () => {
    for (const close of closers) await close();
    await directory.remove();
  });

  const path = () => directory.join("sds");
  const run = async (...argv: string[]) => {
    let [out, err] = ["", ""];
    const code = await runAgentCommand({
      argv: ["rotate", "--sds-socket", path(), ...argv],
      env: {},
      readFile: () => "",
      write: (text) => {
        out += text;
      },
      writeError: (text) => {
        err += text;
      },
      clock: systemClock,
      roll: () => 0.5,
    });
    return { code, out, err };
  };
  const serve = async (demand: RotationRequests | undefined) => {
    const server = new Http2Server({
      routes:
        demand === undefined
          ? []
          : [createRotateRoute({ supply: { demand }, store, files: { settled: async () => undefined } })],
      toStatus: sdsStatus,
    });
    const common = { mode: 0o600, flag: "--sds-socket", clock: systemClock, logger: recordingLogger() };
    const socket = new UnixSocket({ name: "sds", path: path(), server, roll: () => 0.5, ...common });
    await socket.start();
    closers.push(() => socket.stop());
  };
  const failing = (
    code: "CA_REFUSED" | "CA_UNREACHABLE",
    refusal?: { code: string; fix: string },
  ): RotationRequests => ({
    async request() {
      asked += 1;
      const error = new AgentError(code, "no \u001b[2J", refusal === undefined ? {} : { refusal });
      return { failure: { error, code, retryInMs: 1_000 } };
    },
  });
  const succeeding: RotationRequests = {
    async request() {
      asked += 1;
      assert.ok(renewed);
      store.publish(renewed);
      return { secret: renewed };
    },
  };

  it("prints the old and the new serial once the new certificate is served", async () => {
    await serve(succeeding);
    const { code, out } = await run();
    assert.equal(code, 0);
    assert.match(out, new RegExp(`old serial  ${old?.leaf.serial}\nnew serial  ${renewed?.leaf.serial}\n`));
    assert.match(out, /^SPIFFE ID {3}spiffe:\/\/cluster\.local\/ns\/demo\/sa\/frontend\n/);
  });

  it("prints the same as JSON for scripts", async () => {
    await serve(succeeding);
    const { code, out } = await run("--json");
    assert.equal(code, 0);
    assert.deepEqual(JSON.parse(out), {
      rotated: true,
      spiffeId: "spiffe://cluster.local/ns/demo/sa/frontend",
      oldSerial: old?.leaf.serial,
      serial: renewed?.leaf.serial,
      notAfter: renewed?.notAfter.toISOString(),
    });
  });

  it("exits 1 at once with the CA's reason and fix if the CA refuses, without control characters", async () => {
    await serve(failing("CA_REFUSED", { code: "IDENTITY_NOT_ALLOWED", fix: "add a rule" }));
    const { code, out, err } = await run();
    assert.deepEqual([code, out, asked], [1, "", 1]);
    assert.match(
      err,
      /^kasbah-agent: cannot renew: no .*\(CA_REFUSED\); still served: [0-9a-f]+; the agent keeps trying\nfix: add a rule\n$/,
    );
    assert.ok(!err.includes("\u001b"));
    const json = JSON.parse((await run("--json")).out);
    assert.deepEqual([json.rotated, json.code, json.fix], [false, "CA_REFUSED", "add a rule"]);
  });

  it("waits for the agent's next attempts while the CA is unreachable, and then reports the last failure", async () => {
    await serve({
      async request(signal) {
        await systemClock.sleep(50);
        return failing("CA_UNREACHABLE").request(signal);
      },
    });
    const { code, err } = await run("--timeout", "500ms");
    assert.equal(code, 1);
    assert.ok(asked > 1, `${asked} requests`);
    assert.match(err, /CA_UNREACHABLE/);
  });

  it("exits 1 after the timeout if nothing happens, and the agent forgets the caller", async () => {
    let left = 0;
    await serve({
      request: (signal) =>
        new Promise((_, reject) => {
          signal.addEventListener("abort", () => {
            left += 1;
            reject(signal.reason);
          });
        }),
    });
    const { code, err } = await run("--timeout", "200ms");
    assert.equal(code, 1);
    assert.match(err, /no new certificate after 200 ?ms; it keeps trying.*\(AGENT_NOT_READY\)/);
    await eventually(() => left === 1);
  });

  it("names the socket if there is no agent, or if another program or an earlier release answers", async () => {
    const absent = await run();
    assert.equal(absent.code, 1);
    assert.match(
      absent.err,
      /cannot reach an agent at .*sds: .*ENOENT.*; start the agent.*\(AGENT_UNREACHABLE\)/,
    );
    await serve(undefined);
    const earlier = await run();
    assert.match(earlier.err, /cannot rotate: it is another program, or an agent of an earlier release/);
  });

  it("does not wait for a server that is silent or speaks another protocol", async () => {
    const server = createServer((socket) => void socket.end("HTTP/1.1 200 OK\r\n\r\n"));
    await new Promise<void>((resolve) => server.listen(path(), resolve));
    closers.push(() => server.close());
    const { code, err } = await run("--timeout", "5s");
    assert.equal(code, 1);
    assert.match(err, /AGENT_UNREACHABLE/);
  });

  it("explains itself, and exits 2 for invalid arguments", async () => {
    const help = await run("--help");
    assert.equal(help.code, 0);
    assert.match(
      help.out,
      /Usage: kasbah-agent rotate[\s\S]*at most every\s+five\s+seconds[\s\S]*--timeout[\s\S]*--json/,
    );
    const wrong = await run("--timeout", "soon");
    assert.equal(wrong.code, 2);
    assert.match(wrong.err, /CONFIG_INVALID/);
  });
});
