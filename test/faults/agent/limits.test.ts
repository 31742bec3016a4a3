import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readdir, readlink, writeFile } from "node:fs/promises";
import { systemClock } from "@kasbah/runtime";
import { createTestAuthority } from "@kasbah/testkit";
import { fetchLeaf, SdsClient } from "../../harness/sds-client.ts";
import { suiteTimeoutMs } from "../../harness/until.ts";
import { restless, Stage } from "./stage.ts";
import { together } from "./together.ts";

/** Starts the agent in a user namespace in which processes cannot create inotify watches. */
const withoutInotify = [
  ...["unshare", "--user", "--map-root-user", "sh", "-c"],
  'echo 0 > /proc/sys/user/max_inotify_instances && exec "$@"',
  "sh",
];
/** Ten seconds, plus slack for a busy machine. */
const mostUnseenMs = 20_000;
const mostFiles = 64;
const connections = 200;
const watchMs = 3_000;

describe("Agent with scarce system resources", function () {
  this.timeout(suiteTimeoutMs);
  const stage = new Stage();

  together(stage, {
    "row 32: notices a changed root within seconds when the system has no inotify watches left": async () => {
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

    [`row 33: does not spin with ${mostFiles} descriptors and ${connections} connections, keeps its streams, and recovers`]:
      async () => {
        const within = ["sh", "-c", `ulimit -n ${mostFiles} && exec "$@"`, "sh"];
        const ca = await stage.ca();
        const { agent, socket } = await stage.pod({ ca, within, flags: restless });
        using held = new SdsClient(socket);
        held.say();
        await held.nextLeaf(0);
        const crowd = Array.from({ length: connections }, () => new SdsClient(socket));
        for (const client of crowd) client.say();
        await agent.until("the crowd is served or disconnected", () => {
          return (
            crowd.filter(({ isClosed, leaves }) => isClosed || leaves.length > 0).length >= mostFiles / 4
          );
        });
        const cpuMs = await agent.cpuDuring(watchMs);
        assert.ok(cpuMs < watchMs / 2, `${cpuMs} ms of CPU time in ${watchMs} ms`);
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

/** Why a process cannot run in its own namespace; undefined if it can. */
function whyNoNamespace(): string | undefined {
  try {
    const [file = "", ...args] = [...withoutInotify, "true"];
    execFileSync(file, args, { stdio: "ignore" });
    return undefined;
  } catch {
    return "no user namespaces: install util-linux for unshare, and set user.max_user_namespaces above 0";
  }
}
