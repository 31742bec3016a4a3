import assert from "node:assert/strict";
import { execFile, execFileSync, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { streamSecrets } from "@kasbah/protocol";
import { systemClock } from "@kasbah/runtime";
import { startFakeCa } from "@kasbah/testkit";
import { Pod } from "../harness/pod.ts";
import { repositoryRoot } from "../harness/repository.ts";

/** Fixed, so that a result can be repeated. */
const packages = ["hpack==4.1.0", "hyperframe==6.1.0"];
const sessions = 60;
const streams = 10;
const run = promisify(execFile);

describe("Python's HPACK on the agent's sockets", function () {
  this.timeout(300_000);
  let python: string;

  before(() => {
    python = pythonWith(packages);
  });

  it("is answered with any :authority, any table size, Huffman code, CONTINUATION, padding and priority", async () => {
    const ca = await startFakeCa({ now: () => systemClock.now() });
    await using pod = await Pod.create({ ca });
    const workload = pod.path("workload");
    await pod.start({ flags: { "--workload-socket": workload } }).says("daemon started");
    const calls = [
      [workload, "/SpiffeWorkloadAPI/FetchX509SVID"],
      [pod.socket, streamSecrets.path],
    ] as const;
    for (const [socket, path] of calls) {
      const client = join(repositoryRoot, "test/interop/odd-authority/client.py");
      const { stdout } = await run(python, [client, socket, path, `${sessions}`]);
      assert.deepEqual(JSON.parse(stdout), { answered: sessions * streams, failed: [] });
    }
    assert.doesNotMatch(pod.agent.log, /HTTP\/2 ended/);
    await ca.close();
  });
});

/** A Python with these packages, which are installed into the cache, once. */
function pythonWith(names: readonly string[]): string {
  const home = join(repositoryRoot, ".cache", names.join("+"));
  const python = join(home, "bin/python");
  if (existsSync(python) && spawnSync(python, ["-c", "import hpack, hyperframe"]).status === 0) return python;
  execFileSync("python3", ["-m", "venv", "--clear", home]);
  execFileSync(python, ["-m", "pip", "install", "--quiet", ...names]);
  return python;
}
