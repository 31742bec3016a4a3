import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, lstatSync, readlinkSync } from "node:fs";
import { mkdir, rename, rm, symlink, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { dirname } from "node:path";
import type { Pod } from "../../harness/pod.ts";
import { fetchLeaf, SdsClient } from "../../harness/sds-client.ts";
import { suiteTimeoutMs } from "../../harness/until.ts";
import { Stage } from "./stage.ts";
import { type Scenario, together } from "./together.ts";

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
      await agent.says('"event":"the socket was removed and cannot be recreated"');
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
    "row 30: the socket, moved away, is served anew": servedAgain(({ socket }) =>
      rename(socket, `${dirname(socket)}/moved`),
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
  });
});
