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

  it("gets its certificate from a container of the server's image at the default address of the CA", async () => {
    const server = await start("server", { name: "ca", args: caArgs, mounts: volumes.mounts });
    await server.untilAnswers(15014, "/healthz/ready");
    const agent = await start("agent", { name: "agent", args: [], mounts: await podMounts() }, server);
    await agent.untilAnswers(15020, "/healthz/ready");
    const { out } = await agent.exec(
      "node",
      "--eval",
      "console.log(fs.readFileSync('/proc/1/status', 'utf8'))",
    );
    assert.match(out, /^Uid:\t65532\t/m);
    assert.match(out, /^CapEff:\t0{16}$/m);
    const { out: files } = await agent.exec(
      "node",
      "--eval",
      `console.log(fs.readdirSync('${socketFolder}').join())`,
    );
    assert.equal(files, "socket\n");
  });

  /** Root, token and socket directory at the paths that they have in an Istio pod. */
  async function podMounts() {
    const [root, token, hosts] = [
      directory.join("root-cert.pem"),
      directory.join("token"),
      directory.join("hosts"),
    ];
    await copyFile(join(volumes.state, "state/public/root-cert.pem"), root);
    const workload = { namespace: "demo", serviceAccount: "frontend", now: systemClock.now() };
    await writeFile(token, await volumes.issuer.mint(workload), { mode: 0o644 });
    return [
      bind(root, "/var/run/secrets/istio/root-cert.pem"),
      bind(token, "/var/run/secrets/tokens/istio-token"),
      bind(hosts, "/etc/hosts"),
      await socketVolume("served"),
    ];
  }

  async function socketVolume(name: string) {
    await makeVolume(directory.join(name));
    return bind(directory.join(name), socketFolder, "rw");
  }
});
