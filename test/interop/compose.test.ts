import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { temporaryDirectory, untilSeen } from "@kasbah/testkit";
import { setUpTimeoutMs, testEnvoy } from "../harness/envoy.ts";
import { hasGo } from "../harness/go-program.ts";
import { repositoryRoot } from "../harness/repository.ts";
import { patienceMs } from "../harness/until.ts";
import { buildComposeLoader } from "./compose/build.ts";
import { imageOf, ServiceProcesses } from "./compose/processes.ts";
import { loadProject, type Project } from "./compose/project.ts";

const file = join(repositoryRoot, "deploy/compose.yaml");
const { version } = JSON.parse(readFileSync(join(repositoryRoot, "package.json"), "utf8"));

describe("deploy/compose.yaml", function () {
  this.timeout(setUpTimeoutMs);
  let loader: string;
  let envoy: string;
  let project: Project;

  before(async function () {
    // A CI without Go must not skip the only test of the file.
    if (!hasGo() && process.env["CI"] === undefined) this.skip();
    loader = buildComposeLoader();
    envoy = await testEnvoy();
    project = await loadProject(loader, file);
  });

  it("is a compose file whose images exist, and are read from the registry that an operator names", async () => {
    const own = Object.values(project.services).filter(({ image }) => imageOf(image) !== undefined);
    assert.deepEqual([...new Set(own.map(({ image }) => image))].toSorted(), [
      `kasbah/agent:${version}`,
      `kasbah/server:${version}`,
    ]);
    const elsewhere = await loadProject(loader, file, {
      KASBAH_REGISTRY: "registry.example/team",
      KASBAH_VERSION: "9",
    });
    assert.equal(elsewhere.services["ca"]?.image, "registry.example/team/kasbah/server:9");
    assert.equal(elsewhere.services["web-agent"]?.image, "registry.example/team/kasbah/agent:9");
  });

  it("is refused by the loader if a service has an unknown setting", async () => {
    await using directory = await temporaryDirectory();
    const wrong = directory.join("compose.yaml");
    await writeFile(wrong, readFileSync(file, "utf8").replace("restart: unless", "restarts: unless"));
    await assert.rejects(loadProject(loader, wrong), /services\.\S+\.restarts/);
  });

  it("gives each service only the volumes that it needs, and writes only below a directory that its user owns", () => {
    const holders = (volume: string) =>
      Object.entries(project.services)
        .filter(([, { volumes = [] }]) => volumes.some(({ source }) => source === volume))
        .map(([name]) => name)
        .toSorted();
    assert.deepEqual(holders("ca"), ["ca", "root-cert"]);
    assert.deepEqual(holders("sds-web"), ["web", "web-agent"]);
    assert.deepEqual(holders("token-web"), ["token-web", "web-agent"]);
    const writable = Object.values(project.services).flatMap(({ volumes = [] }) =>
      volumes.filter(({ read_only }) => !read_only).map(({ target }) => target),
    );
    assert.deepEqual([...new Set(writable)].toSorted(), ["/sds", "/var/lib/kasbah"]);
  });

  it("has configurations that Envoy accepts", async () => {
    await using directory = await temporaryDirectory();
    for (const [name, { content }] of Object.entries(project.configs)) {
      const path = directory.join(`${name}.yaml`);
      await writeFile(path, content);
      const { status, stderr } = spawnSync(envoy, ["--mode", "validate", "-c", path], { encoding: "utf8" });
      assert.equal(status, 0, stderr);
    }
  });

  it("runs a mesh whose workloads call each other by mTLS, with its services as processes", async () => {
    await using directory = await temporaryDirectory();
    await using services = await ServiceProcesses.create(project, directory.path, envoy);
    await services.start("web");
    const answer = await untilSeen("an answer through both Envoys", patienceMs, async () => {
      const response = await fetch(`http://127.0.0.1:${services.port("8080")}/`).catch(() => undefined);
      return response?.ok === true ? response.text() : undefined;
    }).catch((cause: unknown) => {
      throw new Error(`${String(cause)}: ${services.log("web")}${services.log("api")}`, { cause });
    });
    assert.equal(answer, "hello from demo/api\n");
    // Without a certificate of the mesh, api answers no one.
    const direct = ["-sk", "--max-time", "5", `https://127.0.0.1:${services.port("8443")}/`];
    assert.notEqual(spawnSync("curl", direct).status, 0);
    const log = execFileSync("ls", [directory.join("ca/state/public")], { encoding: "utf8" });
    assert.equal(log, "root-cert.pem\n");
  });
});
