import assert from "node:assert/strict";
import { copyFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { systemClock } from "@kasbah/runtime";
import { type TemporaryDirectory, temporaryDirectory } from "@kasbah/testkit";
import { suiteTimeoutMs } from "../harness/until.ts";
import { type CaVolumes, caArgs, createCaVolumes, makeVolume } from "./ca-volume.ts";
import { Container } from "./container.ts";
import { bind, type ContainerPlan } from "./container-config.ts";
import { unpackedImage } from "./hooks.ts";

const socketFolder = "/var/run/secrets/workload-spiffe-uds";

describe("Image of kasbah-agent", function () {
  this.timeout(suiteTimeoutMs);
  let directory: TemporaryDirectory;
  let volumes: CaVolumes;
  const running: Container[] = [];

  before(async () => {
    directory = await temporaryDirectory();
    volumes = await createCaVolumes(directory);
  });
  after(async () => {
    for (const container of running.reverse()) await container.remove();
    await directory.remove();
  });

  async function start(of: "server" | "agent", plan: Omit<ContainerPlan, "from">, beside?: Container) {
    const container = await Container.start({ ...plan, from: unpackedImage(of) }, directory, beside);
    running.push(container);
    return container;
  }

  it("prints its usage with --help", async () => {
    const agent = await start("agent", { name: "help", args: ["--help"] });
    const { code, out } = await agent.ended;
    assert.equal(code, 0);
    assert.match(out, /^Usage: kasbah-agent /);
  });

  it("stays live without a CA and reports that it has no certificate yet", async () => {
    const agent = await start("agent", { name: "alone", args: [], mounts: [await socketVolume("waiting")] });
    await agent.untilAnswers(15020, "/healthz/live");
    assert.match(await agent.get(15020, "/healthz/ready"), /^503 .*no secret yet/s);
    assert.equal((await agent.signal("SIGTERM")).code, 0);
  });

  for (const workers of [1, 2]) {
    it(`gets its certificate from a container of the server's image at the default address of the CA, with --workers ${workers}`, async () => {
      const args = [...caArgs, `--workers=${workers}`];
      const server = await start("server", { name: `ca-${workers}`, args, mounts: volumes.mounts });
      await server.untilAnswers(15014, "/healthz/ready");
      const name = `agent-${workers}`;
      const agent = await start("agent", { name, args: [], mounts: await podMounts(name) }, server);
      await agent.untilAnswers(15020, "/healthz/ready");
      const status = await inside(agent, "fs.readFileSync('/proc/1/status', 'utf8')");
      assert.match(status, /^Uid:\t65532\t/m);
      assert.match(status, /^CapEff:\t0{16}$/m);
      assert.equal(await inside(agent, `fs.readdirSync('${socketFolder}').join()`), "socket\n");
      // The program that reads the list runs beside the server and is not its child.
      const children = await inside(server, "fs.readFileSync('/proc/1/task/1/children', 'utf8').trim()");
      assert.match(children, workers === 1 ? /^\n$/ : /^\d+ \d+\n$/);
      assert.equal((await server.signal("SIGTERM")).code, 0);
    });
  }

  async function inside(container: Container, expression: string): Promise<string> {
    const { code, out, err } = await container.exec("node", "--eval", `console.log(${expression})`);
    assert.equal(code, 0, err);
    return out;
  }

  /** Root, token and socket directory at the paths that they have in an Istio pod. */
  async function podMounts(name: string) {
    const [root, token, hosts] = [
      directory.join(`${name}-root-cert.pem`),
      directory.join(`${name}-token`),
      directory.join("hosts"),
    ];
    await copyFile(join(volumes.state, "state/public/root-cert.pem"), root);
    const workload = { namespace: "demo", serviceAccount: "frontend", now: systemClock.now() };
    await writeFile(token, await volumes.issuer.mint(workload), { mode: 0o644 });
    return [
      bind(root, "/var/run/secrets/istio/root-cert.pem"),
      bind(token, "/var/run/secrets/tokens/istio-token"),
      bind(hosts, "/etc/hosts"),
      await socketVolume(`${name}-socket`),
    ];
  }

  async function socketVolume(name: string) {
    await makeVolume(directory.join(name));
    return bind(directory.join(name), socketFolder, "rw");
  }
});
