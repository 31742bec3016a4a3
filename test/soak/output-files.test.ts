import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdir, readdir, readFile, rm, rmdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { connect } from "node:tls";
import { systemClock } from "@kasbah/runtime";
import {
  type FakeCa,
  freePort,
  startFakeCa,
  type TemporaryDirectory,
  temporaryDirectory,
} from "@kasbah/testkit";
import { LoggedProcess } from "../harness/logged-process.ts";
import { mintToken, Pod, type PodOptions } from "../harness/pod.ts";

const apart = ["unshare", "--user", "--map-root-user"];
const mayUnshare = () =>
  spawnSync("unshare", [...apart.slice(1), "--pid", "--mount", "--fork", "true"]).status === 0;

describe("Output files of the agent", function () {
  this.timeout(120_000);
  let directory: TemporaryDirectory;
  let ca: FakeCa;
  let pods: Pod[];
  let others: LoggedProcess[];

  beforeEach(async () => {
    directory = await temporaryDirectory();
    ca = await startFakeCa({ now: () => systemClock.now() });
    [pods, others] = [[], []];
  });
  afterEach(async () => {
    for (const pod of pods) await pod[Symbol.asyncDispose]();
    for (const other of others) await other.kill();
    await ca.close();
    await directory.remove();
  });

  const certs = () => directory.join("certs");
  const makePod = async (flags: Readonly<Record<string, string>>, more: Partial<PodOptions> = {}) => {
    const pod = await Pod.create({ ca, flags: { "--output-certs": certs(), ...flags }, ...more });
    pods.push(pod);
    return pod;
  };
  const generations = async (place = certs()) =>
    (await readdir(place)).filter((name) => /^\.{2,3}kasbah-\d/.test(name));

  it("keeps an application without a failed handshake although its reload fails at every third renewal", async () => {
    ca.ttlMs = 10_000;
    const port = await freePort();
    await writeFile(directory.join("server.mjs"), tlsServer);
    const pidFile = directory.join("pid");
    await writeFile(directory.join("reload"), reload);
    const agent = (
      await makePod({ "--on-rotate": `sh ${directory.join("reload")} ${directory.path}` })
    ).start();
    await agent.logged("on-rotate command ran");
    const server = new LoggedProcess({
      title: "a TLS server",
      command: [process.execPath, directory.join("server.mjs"), certs(), String(port), pidFile],
    });
    others.push(server);
    await server.logged("listening");
    const shown = new Set<string>();
    const failures: unknown[] = [];
    await agent.until("two renewals in the application", async () => {
      await handshake(port, ca.authority.rootPem).then(
        (serial) => shown.add(serial),
        (error: unknown) => failures.push(error),
      );
      return shown.size >= 3 || failures.length > 0;
    });
    assert.deepEqual(failures, []);
    const failed = await agent.metric('kasbah_agent_on_rotate_runs{result="failed"}');
    assert.ok(Number(failed) >= 1, `${failed} failed reloads`);
  });

  it("repairs a file that a running application's administrator removes, and says so", async () => {
    const agent = (await makePod({})).start();
    await agent.logged("certificates written");
    const before = await readFile(join(certs(), "key.pem"), "utf8");
    await rm(join(certs(), "key.pem"));
    const { files } = await agent.logged("another program changed the output files; repaired");
    assert.deepEqual(files, ["key.pem: contents"]);
    assert.equal(await readFile(join(certs(), "key.pem"), "utf8"), before);
    assert.equal(await agent.metric("kasbah_agent_output_certs_repairs"), 1);
  });

  it("repairs its files on SIGHUP if it must not do so by itself", async () => {
    const agent = (await makePod({ "--repair-output-certs": "false" })).start();
    await agent.logged("certificates written");
    await rm(join(certs(), "key.pem"));
    process.kill(agent.pid, "SIGHUP");
    await agent.logged("another program changed the output files; repaired");
    await readFile(join(certs(), "key.pem"));
  });

  it("refuses to start a second agent in one directory, and starts it as soon as the first one was killed", async () => {
    const first = (await makePod({})).start();
    await first.logged("certificates written");
    const pod = await makePod({}, { token: await mintToken("other") });
    const second = pod.start();
    const { code } = await second.exited;
    assert.equal(code, 1);
    assert.match(second.log, /OUTPUT_DIRECTORY_IN_USE/);
    assert.match(second.log, new RegExp(`spiffe://cluster.local/ns/demo/sa/lonely, process ${first.pid} on`));
    await first.kill();
    const third = pod.start();
    await third.logged("certificates written");
    const { found } = await third.logged(
      "the output directory contains another workload's certificate; replacing it",
    );
    assert.equal(found, "spiffe://cluster.local/ns/demo/sa/lonely");
  });

  it("names a directory in the place of a file once, and writes no key until it is moved away", async () => {
    ca.ttlMs = 6_000;
    await mkdir(join(certs(), "key.pem"), { recursive: true });
    const agent = (await makePod({})).start();
    await agent.until("several attempts", async () => {
      return Number(await agent.metric('kasbah_agent_output_certs_writes{result="failed"}')) >= 3;
    });
    assert.deepEqual(await generations(), []);
    const lines = agent.log.split("\n").filter((line) => line.includes("OUTPUT_PATH_BLOCKED"));
    assert.equal(lines.length, 1);
    assert.match((await agent.readiness()).warnings?.join() ?? "", /key\.pem is a directory.*move or remove/);
    await rmdir(join(certs(), "key.pem"));
    await agent.logged("certificates written");
    assert.equal((await generations()).length, 1);
  });

  it("keeps at most two keys on a full disk, and writes the files once there is space", async function () {
    if (!mayUnshare()) this.skip();
    ca.ttlMs = 6_000;
    await mkdir(certs());
    const script = 'mount -t tmpfs -o size=64k tmpfs "$0" && exec "$@"';
    const pod = await makePod({}, { within: [...apart, "--mount", "sh", "-c", script, certs()] });
    const agent = pod.start();
    await agent.logged("certificates written");
    const inside = `/proc/${agent.pid}/root${certs()}`;
    const fill = () => spawnSync("dd", ["if=/dev/zero", `of=${inside}/ballast`, "bs=4096"]);
    fill();
    await agent.until("several attempts", async () => {
      assert.ok((await generations(inside)).length <= 2);
      // What the agent has removed is free space.
      fill();
      return Number(await agent.metric('kasbah_agent_output_certs_writes{result="failed"}')) >= 3;
    });
    await rm(`${inside}/ballast`);
    await agent.until("the files are written", async () => {
      assert.ok((await generations(inside)).length <= 2);
      return Number(await agent.metric('kasbah_agent_output_certs_writes{result="ok"}')) >= 2;
    });
  });

  it("leaves no zombie as process 1 of a container if a background process outlives its command", async function () {
    if (!mayUnshare()) this.skip();
    const within = [...apart, "--pid", "--fork", "--mount-proc", "--kill-child"];
    const command = `(sleep 0.2; echo done > ${directory.join("child")}) & sh -c 'sleep 0.3 & sleep 0.1' &`;
    const agent = (await makePod({ "--on-rotate": command }, { within })).start();
    await agent.logged("on-rotate command ran");
    await agent.until("the background process has ended", async () => {
      return (await readFile(directory.join("child"), "utf8").catch(() => "")) === "done\n";
    });
    const [init] = await childrenOf(agent.pid);
    assert.ok(init !== undefined);
    await agent.until("only the agent is left", async () => (await childrenOf(init.pid)).length === 1);
    const [own] = await childrenOf(init.pid);
    assert.notEqual(own?.state, "Z");
    // A signal to process 1 stops the agent, and its exit code is that of the container.
    process.kill(init.pid, "SIGTERM");
    assert.equal((await agent.exited).code, 0);
    assert.match(agent.log, /daemon stopped/);
  });
});

/** Completes a handshake as a client that trusts the root, and returns the serial number of the server. */
async function handshake(port: number, ca: string): Promise<string> {
  const socket = connect({ host: "127.0.0.1", port, ca, checkServerIdentity: () => undefined });
  try {
    await once(socket, "secureConnect");
    return socket.getPeerX509Certificate()?.serialNumber ?? "";
  } finally {
    socket.destroy();
  }
}

interface ChildFacts {
  readonly pid: number;
  readonly state: string;
}

async function childrenOf(parent: number): Promise<readonly ChildFacts[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const found = pids.map(async (pid) => {
    const text = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
    const [state = "", ppid] = text.slice(text.lastIndexOf(")") + 2).split(" ");
    return Number(ppid) === parent ? [{ pid: Number(pid), state }] : [];
  });
  return (await Promise.all(found)).flat();
}

/** Fails once for the second certificate, and for every third one after it, and reloads only if it succeeds. */
const reload = `
cd "$1"
if ! grep -q "$KASBAH_CERT_SERIAL" serials 2>/dev/null; then
  echo "$KASBAH_CERT_SERIAL" >> serials
  if test $(( $(wc -l < serials) % 3 )) = 2; then echo "cannot reload" >&2; exit 1; fi
fi
if test -s pid; then kill -HUP "$(cat pid)"; fi
`;

/** A TLS server that reads its files at start-up and on SIGHUP, like nginx. */
const tlsServer = `
import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:tls";
const [directory, port, pidFile] = process.argv.slice(2);
const context = () => ({
  key: readFileSync(directory + "/key.pem"),
  cert: readFileSync(directory + "/cert-chain.pem"),
});
const server = createServer(context(), (socket) => socket.on("error", () => {}));
process.on("SIGHUP", () => server.setSecureContext(context()));
server.listen(Number(port), "127.0.0.1", () => {
  writeFileSync(pidFile, String(process.pid));
  console.log(JSON.stringify({ event: "listening" }));
});
`;
