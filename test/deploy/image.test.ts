import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { basename, join } from "node:path";
import { type Image, imageLabels, images, userId } from "../../deploy/image/images.ts";
import { installed, version } from "../harness/chart/installations.ts";
import { type KubernetesObject, readText, root } from "../harness/chart/yaml.ts";

interface StatefulSet extends KubernetesObject {
  readonly spec: {
    readonly template: {
      readonly spec: {
        readonly securityContext: { readonly runAsUser: number; readonly runAsGroup: number };
        readonly containers: readonly {
          readonly image: string;
          readonly command: readonly string[];
          readonly env: readonly { readonly name: string; readonly value?: string }[];
          readonly ports: readonly { readonly containerPort: number; readonly protocol: string }[];
          readonly volumeMounts: readonly { readonly mountPath: string }[];
        }[];
      };
    };
  };
}

const imageOf = (name: Image["name"]): Image => {
  const found = images.find((image) => image.name === name);
  assert.ok(found);
  return found;
};

describe("Container images", () => {
  it("images have the command, user, ports and directories that kasbah install and the chart expect", () => {
    const server = imageOf("server");
    const pod = installed({}).find(({ kind }) => kind === "StatefulSet") as StatefulSet;
    const { securityContext, containers } = pod.spec.template.spec;
    const [container] = containers;
    assert.ok(container);
    assert.deepEqual([securityContext.runAsUser, securityContext.runAsGroup], [userId, userId]);
    assert.equal(container.image, `registry.example/${server.repository}:${version}`);
    assert.deepEqual(container.command, [server.entrypoint]);
    const stateDirectory = container.env.find(({ name }) => name === "KASBAH_STATE_DIR")?.value;
    assert.equal(server.env["KASBAH_STATE_DIR"], stateDirectory);
    assert.deepEqual(
      container.volumeMounts.map(({ mountPath }) => mountPath),
      server.writable,
    );
    assert.deepEqual(
      container.ports.map(({ containerPort, protocol }) => `${containerPort}/${protocol.toLowerCase()}`),
      server.ports,
    );
  });

  it("images have every command that runs in them on their PATH", () => {
    assert.deepEqual(commandsOf(imageOf("server")), ["kasbah", "kasbah-server"]);
    assert.deepEqual(commandsOf(imageOf("agent")), ["kasbah-agent"]);
    for (const image of images) assert.ok(commandsOf(image).includes(image.entrypoint));
  });

  for (const image of images) {
    it(`Containerfile and npm run image build the same configuration: ${image.repository}`, () => {
      const stage = stageOf(image.name);
      assert.ok(stage.includes(`USER ${userId}:${userId}`));
      assert.ok(stage.includes("WORKDIR /"));
      assert.ok(stage.includes(`ENTRYPOINT ["${image.entrypoint}"]`));
      const env = Object.entries(image.env).map(([name, value]) => `${name}=${value}`);
      assert.ok(stage.includes(`ENV ${env.join(" ")}`));
      assert.equal(
        stage.find((line) => line.startsWith("EXPOSE ")),
        exposed(image),
      );
      const labels = Object.entries(imageLabels(image, version)).map(([name, value]) => `${name}="${value}"`);
      assert.ok(stage.includes(`LABEL ${labels.join(" ")}`));
      assert.equal(stage.filter((line) => /^(RUN|SHELL|VOLUME|CMD|ADD) /.test(line)).length, 0);
    });
  }

  it("images use the major version of the pinned Node", () => {
    const pinned = JSON.parse(readText("scripts/pinned-node/digests.json"));
    const [, major] = /NODE_IMAGE=\S+\/node:(\d+)-bookworm-slim$/m.exec(containerfile) ?? [];
    assert.equal(major, pinned.version.split(".")[0]);
  });

  it("build copies only listed files, including every package manifest", () => {
    const ignored = readText(".containerignore").split("\n");
    assert.equal(
      ignored.find((line) => !line.startsWith("#")),
      "*",
    );
    assert.equal(readText(".dockerignore"), readText(".containerignore"));
    const copied = [...containerfile.matchAll(/^COPY (\S+\/package\.json) (\S+)\/$/gm)];
    const workspaces = readTsProjects().filter((path) => existsSync(join(root, path, "package.json")));
    assert.deepEqual(copied.map(([, , folder]) => folder).sort(), workspaces.sort());
  });
});

const containerfile = readText("deploy/image/Containerfile");

/** The lines of a stage, without comments and with continued lines joined. */
function stageOf(name: string): readonly string[] {
  const [, stage = ""] =
    new RegExp(`^FROM scratch AS ${name}\\n(.*?)(?=^FROM |$(?!\\n))`, "ms").exec(containerfile) ?? [];
  return stage
    .replace(/\\\n\s*/g, "")
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"));
}

function exposed({ ports }: Image): string | undefined {
  return ports.length === 0 ? undefined : `EXPOSE ${ports.join(" ")}`;
}

function commandsOf({ workspaces }: Image): readonly string[] {
  const folders = workspaces.map((name) => join("packages", basename(name)));
  return folders
    .flatMap((folder) => Object.keys(JSON.parse(readText(join(folder, "package.json"))).bin))
    .sort();
}

/** The workspaces: the compiler's projects except that of the tests. */
function readTsProjects(): string[] {
  const { references } = JSON.parse(readText("tsconfig.json"));
  return (references as { path: string }[]).map(({ path }) => path);
}
