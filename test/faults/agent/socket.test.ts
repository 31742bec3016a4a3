import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, lstatSync, readlinkSync } from "node:fs";
import { mkdir, readdir, readlink, rename, rm, symlink, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { dirname } from "node:path";
import { systemClock } from "@kasbah/runtime";
import { createTestAuthority } from "@kasbah/testkit";
import { suiteTimeoutMs } from "./patience.ts";
import type { Pod } from "./pod.ts";
import { fetchLeaf, SdsClient } from "./sds-client.ts";
import { restless, Stage } from "./stage.ts";
import { type Scenario, together } from "./together.ts";

/** Becomes the agent in a user namespace whose processes may watch nothing. */
const withoutInotify = [
  ...["unshare", "--user", "--map-root-user", "sh", "-c"],
  'echo 0 > /proc/sys/user/max_inotify_instances && exec "$@"',
  "sh",
];
/** Ten seconds, and what a busy machine takes for itself. */
const mostUnseenMs = 20_000;
const mostFiles = 64;
const connections = 200;
const watchMs = 3_000;

describe("An agent's files", function () {
  this.timeout(suiteTimeoutMs);
  const stage = new Stage();

  const comesBack = async ({ agent, socket }: Pod, held: SdsClient): Promise<void> => {
    await agent.until("the socket is there again", () => existsSync(socket) && lstatSync(socket).isSocket());
    await fetchLeaf(socket);
    assert.equal(held.isClosed, false, "who was connected stays connected");
  };

  const servedAgain =
    (spoil: (pod: Pod) => Promise<void>): Scenario =>
    async () => {
      const pod = await stage.pod({ ca: await stage.ca() });
      using held = new SdsClient(pod.socket);
      held.say();
      await held.nextLeaf(0);
      await spoil(pod);
      await comesBack(pod, held);
    };

  /** The foreign thing stays until somebody takes it away, which is then noticed. */
  const leftAlone =
    (put: (pod: Pod) => Promise<void>, isThere: (pod: Pod) => boolean): Scenario =>
    async () => {
      const pod = await stage.pod({ ca: await stage.ca() });
      const { agent, socket } = pod;
      using held = new SdsClient(socket);
      held.say();
      await held.nextLeaf(0);
      await rm(socket);
      await put(pod);
      await agent.says('"event":"the socket is lost"');
      assert.ok(isThere(pod));
      await rm(socket);
      await comesBack(pod, held);
    };

  const refusesToStart =
    (
      arrange: (pod: Pod) => Promise<string | undefined>,
      code: string,
      after: (pod: Pod) => void = () => {},
    ): Scenario =>
    async () => {
      const pod = await stage.emptyPod({ ca: await stage.ca() });
      const socket = await arrange(pod);
      const agent = pod.start(socket === undefined ? {} : { flags: { "--sds-socket": socket } });
      assert.deepEqual(await agent.exited, { code: 1, signal: null });
      assert.match(agent.log, new RegExp(`"code":"${code}"`));
      after(pod);
    };

  together(stage, {
    "row 30: the socket, removed, is served anew": servedAgain(({ socket }) => rm(socket)),
    "row 30: the socket, removed with its directory, is served anew": servedAgain(({ socket }) =>
      rm(dirname(socket), { recursive: true }),
    ),
    "row 30: the socket, moved away, is served anew": servedAgain(({ socket, path }) =>
      rename(socket, `${dirname(socket)}/moved`).then(() => void path),
    ),
    "row 30: a file in the socket's place is never unlinked, and served again when it is gone": leftAlone(
      ({ socket }) => writeFile(socket, "precious"),
      ({ socket }) => lstatSync(socket).size === "precious".length,
    ),
    "row 30: a link in the socket's place is neither followed nor unlinked, and served again when it is gone":
      leftAlone(
        async (pod) => {
          await writeFile(pod.path("target"), "precious");
          await symlink(pod.path("target"), pod.socket);
        },
        (pod) => readlinkSync(pod.socket) === pod.path("target") && lstatSync(pod.path("target")).isFile(),
      ),

    "row 31: the dead socket of an earlier run is taken over, in a directory that was not there":
      async () => {
        const pod = await stage.pod({ ca: await stage.ca() });
        assert.equal(lstatSync(dirname(pod.socket)).mode & 0o777, 0o700);
        await pod.agent.kill();
        assert.ok(lstatSync(pod.socket).isSocket());
        await pod.start().says("daemon started");
        await fetchLeaf(pod.socket);
        assert.equal(lstatSync(pod.socket).mode & 0o777, 0o600);
      },
    "row 31: a path longer than the kernel takes is refused at the start, by name": refusesToStart(
      async (pod) => pod.path("l".repeat(108)),
      "SOCKET_PATH_INVALID",
    ),
    "row 31: a file in the socket's place is refused at the start, and stays": refusesToStart(
      async ({ socket }) => {
        await mkdir(dirname(socket));
        await writeFile(socket, "precious");
        return undefined;
      },
      "SOCKET_PATH_INVALID",
      ({ socket }) => assert.equal(lstatSync(socket).size, "precious".length),
    ),
    "row 31: a socket on which another answers is refused at the start, and stays": refusesToStart(
      async ({ socket }) => {
        await mkdir(dirname(socket));
        const other = createServer().listen(socket);
        await once(other, "listening");
        stage.defer(() => void other.close());
        return undefined;
      },
      "SOCKET_IN_USE",
      ({ socket }) => assert.ok(lstatSync(socket).isSocket()),
    ),

    "row 32: a changed root is seen within seconds where the system has no watch to give": async () => {
      const skipped = whyNoNamespace();
      if (skipped !== undefined) return { skipped };
      const ca = await stage.ca();
      const { agent, socket, rootPath } = await stage.pod({ ca, within: withoutInotify });
      assert.ok(!(await openFiles(agent.pid)).includes("anon_inode:inotify"));
      using envoy = new SdsClient(socket);
      envoy.say();
      await envoy.nextLeaf(0);
      const { rootPem } = await createTestAuthority("Another");
      const startedAt = systemClock.monotonicMs();
      await writeFile(rootPath, ca.authority.rootPem + rootPem);
      await agent.until("the new root is served", () => envoy.roots.length > 1);
      assert.ok(systemClock.monotonicMs() - startedAt < mostUnseenMs);
      assert.ok(envoy.roots.at(-1)?.includes(rootPem.trim()));
      return undefined;
    },

    [`row 33: with ${mostFiles} descriptors and ${connections} connections it does not spin, keeps its streams, and recovers`]:
      async () => {
        const within = ["sh", "-c", `ulimit -n ${mostFiles} && exec "$@"`, "sh"];
        const ca = await stage.ca();
        const { agent, socket } = await stage.pod({ ca, within, flags: restless });
        using held = new SdsClient(socket);
        held.say();
        await held.nextLeaf(0);
        const crowd = Array.from({ length: connections }, () => new SdsClient(socket));
        for (const client of crowd) client.say();
        await agent.until("the crowd was dealt with", () => {
          return (
            crowd.filter(({ isClosed, leaves }) => isClosed || leaves.length > 0).length >= mostFiles / 4
          );
        });
        const cpuMs = await agent.cpuDuring(watchMs);
        assert.ok(cpuMs < watchMs / 2, `${cpuMs} ms on the processor in ${watchMs} ms`);
        const nonce = held.received.at(-1)?.nonce ?? "";
        const known = held.leaves.length;
        held.say({ nodeId: "", responseNonce: nonce, resourceNames: [] });
        held.say({ nodeId: "", responseNonce: nonce });
        await held.nextLeaf(known);

        for (const client of crowd) client[Symbol.dispose]();
        const asked = ca.calls.length;
        await agent.until(
          "it is ready and rotates",
          async () => (await agent.isReady()) && ca.calls.length > asked,
        );
        await fetchLeaf(socket);
      },
  });
});

async function openFiles(pid: number): Promise<readonly string[]> {
  const fds = await readdir(`/proc/${pid}/fd`);
  return Promise.all(fds.map((fd) => readlink(`/proc/${pid}/fd/${fd}`).catch(() => "")));
}

/** Why a process cannot be put into a namespace of its own; undefined when it can. */
function whyNoNamespace(): string | undefined {
  try {
    const [file = "", ...args] = [...withoutInotify, "true"];
    execFileSync(file, args, { stdio: "ignore" });
    return undefined;
  } catch {
    return "user namespaces are not to be had here: util-linux's unshare, and user.max_user_namespaces above 0";
  }
}
