import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { systemClock } from "@kasbah/runtime";
import { freePort, rejectsWithCode, type TemporaryDirectory, temporaryDirectory } from "@kasbah/testkit";
import { DevStore } from "../folder/dev-store.ts";
import type { RunRecord } from "../folder/document.ts";
import { devLayoutOf } from "../folder/layout.ts";
import { processMark } from "../process/process-mark.ts";
import { claimPorts, releasePorts } from "./claim-ports.ts";

const deps = {
  clock: systemClock,
  env: process.env,
  cwd: "/",
  pid: process.pid,
  uid: undefined,
  nodePath: process.execPath,
  platform: process.platform,
  temporaryDirectory: tmpdir(),
  kill: () => assert.fail("no process may be signalled"),
  signal: new AbortController().signal,
};
const loopback = (port: number) => ({ host: "127.0.0.1", port });

describe("claimPorts", () => {
  let folder: TemporaryDirectory;
  let store: DevStore;
  let mark: string;
  let port: number;

  beforeEach(async () => {
    folder = await temporaryDirectory();
    store = new DevStore(devLayoutOf(folder.path), { clock: systemClock, trustDomain: "td" });
    mark = String(await processMark(process.pid, deps));
    port = await freePort();
  });
  afterEach(() => folder.remove());

  const run = (name: string, changes: Partial<RunRecord> = {}): RunRecord => ({
    ...{ pid: process.pid, mark, name, upstreams: [], statusAddress: loopback(1) },
    listen: [{ address: loopback(port), appPort: 8080 }],
    ...changes,
  });
  const calls = (peer: string, own: number) =>
    run("demo/web", {
      listen: [],
      upstreams: [{ address: loopback(own), peer, target: { host: "localhost", port } }],
    });

  it("names the run of this folder that has the port, until that run releases it", async () => {
    const first = run("demo/api");
    await claimPorts(first, store, deps);
    const second = run("demo/web");
    const { message } = await rejectsWithCode(claimPorts(second, store, deps), "PORT_TAKEN");
    assert.equal(
      message,
      `port ${port} is used by demo/api (kasbah dev run with pid ${process.pid}): stop it, or choose another port in --listen`,
    );
    await releasePorts(first, store);
    await claimPorts(second, store, deps);
  });

  it("ignores a run that was killed, and forgets it", async () => {
    await store.update((found) => ({ ...found, runs: [run("demo/dead", { mark: "another boot 1" })] }));
    await claimPorts(run("demo/web"), store, deps);
    assert.deepEqual(
      (await store.read()).runs.map(({ name }) => name),
      ["demo/web"],
    );
  });

  it("names another program's port, and leaves no record behind", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    ({ port } = server.address() as AddressInfo);
    const { message } = await rejectsWithCode(claimPorts(run("demo/web"), store, deps), "PORT_TAKEN");
    assert.equal(
      message,
      `port ${port} is used by another program: stop it, or choose another port in --listen`,
    );
    assert.deepEqual((await store.read()).runs, []);
    server.close();
  });

  it("names the CA that has the port", async () => {
    const ca = { pid: 1, mark: "", grpcAddress: loopback(port), httpAddress: loopback(1) };
    await store.update((found) => ({ ...found, ca }));
    const { message } = await rejectsWithCode(claimPorts(run("demo/web"), store, deps), "PORT_TAKEN");
    assert.equal(message, `port ${port} is used by the CA of this folder: choose another port in --listen`);
  });

  it("corrects the name of an upstream that another identity serves", async () => {
    await claimPorts(run("demo/api"), store, deps);
    const own = await freePort();
    const { message } = await rejectsWithCode(
      claimPorts(calls("demo/apii", own), store, deps),
      "UPSTREAM_UNKNOWN",
    );
    assert.equal(
      message,
      `--upstream names demo/apii, but demo/api listens on port ${port}: write demo/api@localhost:${port}, or correct the port`,
    );
    await claimPorts(calls("demo/api", own), store, deps);
  });
});
