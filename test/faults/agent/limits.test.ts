import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readdir, readlink, writeFile } from "node:fs/promises";
import { systemClock } from "@kasbah/runtime";
import { createTestAuthority } from "@kasbah/testkit";
import { fetchLeaf, SdsClient } from "../../harness/sds-client.ts";
import { suiteTimeoutMs } from "../../harness/until.ts";
import { restless, Stage } from "./stage.ts";
import { together } from "./together.ts";

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

describe("An agent to which the system gives little", function () {
  this.timeout(suiteTimeoutMs);
  const stage = new Stage();

  together(stage, {
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
