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

describe("Agent's socket file", function () {
  this.timeout(suiteTimeoutMs);
  const stage = new Stage();

  const recovers = async ({ agent, socket }: Pod, held: SdsClient): Promise<void> => {
    await agent.until("the socket exists again", () => existsSync(socket) && lstatSync(socket).isSocket());
    await fetchLeaf(socket);
    assert.equal(held.isClosed, false, "connected clients must stay connected");
  };

  const servedAgain =
    (spoil: (pod: Pod) => Promise<void>): Scenario =>
    async () => {
      const pod = await stage.pod({ ca: await stage.ca() });
      using held = new SdsClient(pod.socket);
      held.say();
      await held.nextLeaf(0);
      await spoil(pod);
      await recovers(pod, held);
    };

  /** The foreign file stays until it is removed, which the agent then notices. */
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
      await recovers(pod, held);
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
    "row 30: recreates its socket when the socket is removed": servedAgain(({ socket }) => rm(socket)),
    "row 30: recreates its socket when the socket is removed with its directory": servedAgain(({ socket }) =>
      rm(dirname(socket), { recursive: true }),
    ),
    "row 30: recreates its socket when the socket is moved away": servedAgain(({ socket }) =>
      rename(socket, `${dirname(socket)}/moved`),
    ),
    "row 30: never unlinks a file at the socket's path, and recreates the socket once the file is gone":
      leftAlone(
        ({ socket }) => writeFile(socket, "precious"),
        ({ socket }) => lstatSync(socket).size === "precious".length,
      ),
    "row 30: neither follows nor unlinks a symbolic link at the socket's path, and recreates the socket once the link is gone":
      leftAlone(
        async (pod) => {
          await writeFile(pod.path("target"), "precious");
          await symlink(pod.path("target"), pod.socket);
        },
        (pod) => readlinkSync(pod.socket) === pod.path("target") && lstatSync(pod.path("target")).isFile(),
      ),

    "row 31: creates a missing socket directory, and takes over the dead socket of an earlier run":
      async () => {
        const pod = await stage.pod({ ca: await stage.ca() });
        assert.equal(lstatSync(dirname(pod.socket)).mode & 0o777, 0o700);
        await pod.agent.kill();
        assert.ok(lstatSync(pod.socket).isSocket());
        await pod.start().says("daemon started");
        await fetchLeaf(pod.socket);
        assert.equal(lstatSync(pod.socket).mode & 0o777, 0o600);
      },
    "row 31: refuses to start with a socket path longer than the kernel allows": refusesToStart(
      // Relative to the working directory, so that the text alone is short enough.
      async () => "l".repeat(107),
      "SOCKET_PATH_INVALID",
    ),
    "row 31: refuses to start if a file is at the socket's path, and keeps the file": refusesToStart(
      async ({ socket }) => {
        await mkdir(dirname(socket));
        await writeFile(socket, "precious");
        return undefined;
      },
      "SOCKET_PATH_INVALID",
      ({ socket }) => assert.equal(lstatSync(socket).size, "precious".length),
    ),
    "row 31: refuses to start if another process listens on the socket, and keeps the socket": refusesToStart(
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
