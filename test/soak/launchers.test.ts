import assert from "node:assert/strict";
import { eventually, type TemporaryDirectory, temporaryDirectory } from "@kasbah/testkit";
import { LoggedProcess } from "../harness/logged-process.ts";
import { agentBin, repositoryRoot, serverBin } from "../harness/repository.ts";
import { saveIssuer } from "../harness/token-issuer.ts";
import { isRunning, workerPids } from "../harness/worker-pids.ts";

/** Makes Node report an older version; the process that the launcher starts reports the real one. */
const pretendOld = `data:text/javascript,Object.defineProperty(process.versions,"node",{value:"20.20.2"})`;

interface Daemon {
  readonly command: string;
  readonly bin: string;
  readonly flags: () => Promise<readonly string[]>;
}

describe("Daemon below a launcher or npm", () => {
  let directory: TemporaryDirectory;

  beforeEach(async () => {
    directory = await temporaryDirectory();
  });

  afterEach(() => directory.remove());

  const ca: Daemon = {
    command: "kasbah-server",
    bin: serverBin,
    async flags() {
      const issuer = await saveIssuer(directory.join("issuer"));
      const ports = ["--grpc-address", "127.0.0.1:0", "--http-address", "127.0.0.1:0"];
      return ["--state-dir", directory.join("state"), "--workers", "2", ...ports, ...issuer.flags];
    },
  };
  const agent: Daemon = {
    command: "kasbah-agent",
    bin: agentBin,
    async flags() {
      const files = ["--ca-root", directory.join("root.pem"), "--token-file", directory.join("token")];
      const ports = ["--status-address", "127.0.0.1:0", "--sds-socket", directory.join("uds", "socket")];
      return ["--ca-address", "127.0.0.1:1", ...files, ...ports];
    },
  };

  /** Starts a daemon by a command that waits for it, and finds the process that does the work, and its workers. */
  async function start(title: string, command: readonly string[]) {
    const env = { HOME: directory.path, npm_config_update_notifier: "false" };
    const top = new LoggedProcess({ title, command: [...command, "--log-format", "json"], env });
    await top.logged("daemon started");
    const below = await descendants(top.pid);
    assert.ok(below.length > 0, "the daemon is a process of its own");
    return { top, below };
  }

  const allEnded = (pids: readonly number[]) =>
    eventually(async () => (await Promise.all(pids.map(isRunning))).every((isOne) => !isOne));

  for (const { command, bin, flags } of [ca, agent])
    describe(command, () => {
      let given: readonly string[];
      const byLauncher = () => [process.execPath, "--import", pretendOld, bin, ...given];
      const byNpx = () => ["npx", "--prefix", repositoryRoot, command, ...given];

      beforeEach(async () => {
        given = await flags();
      });

      it(`kill -9 of the launcher ends ${command}, so that the next start finds its sockets free`, async () => {
        const started = await start(command, byLauncher());
        await started.top.kill("SIGKILL");
        await allEnded(started.below);
        const again = await start(command, byLauncher());
        await again.top.stop();
        await allEnded(again.below);
      });

      it(`the launcher of ${command} exits as ${command} does, by code or by signal`, async () => {
        for (const signal of ["SIGTERM", "SIGQUIT", "SIGKILL"] as const) {
          const { top, below } = await start(command, byLauncher());
          process.kill(below[0] ?? 0, signal);
          const expected = signal === "SIGKILL" ? { code: null, signal } : { code: 0, signal: null };
          assert.deepEqual(await top.exited, expected, signal);
          await allEnded(below);
        }
      });

      // npm ignores SIGINT, which a terminal sends to the daemon as well.
      for (const signal of ["SIGTERM", "SIGKILL"] as const) {
        it(`${signal} to npx stops ${command}, which finishes its work`, async () => {
          const { top, below } = await start("npx", byNpx());
          top.child.kill(signal);
          await allEnded(below);
          assert.match(top.log, /"exitCode":0,"event":"daemon stopped"/);
          await top.exited;
        });
      }
    });
});

/** Every process below another one, the nearest first. */
async function descendants(pid: number): Promise<readonly number[]> {
  const children = await workerPids({ pid }).catch(() => []);
  const further = await Promise.all(children.map(descendants));
  return [...children, ...further.flat()];
}
