import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { mkdir, rename } from "node:fs/promises";
import { constants, setPriority } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { withBuildLock } from "../../deploy/image/build-lock.ts";
import { hasGo } from "../harness/go-program.ts";

const here = fileURLToPath(new URL(".", import.meta.url));

/** Ignored by Git; holds one binary for each version of the sources. */
export const cache = join(here, "../../.cache/kubernetes");

/** A Go module in this directory and the package to build from it. */
interface Tool {
  readonly name: string;
  /** The environment variable that names a prebuilt binary to use instead. */
  readonly override: string;
  readonly sources: readonly string[];
  readonly package: string;
  /**
   * Values that the linker writes into Go variables; without them, a program does not know its own version.
   */
  readonly versions: () => Readonly<Record<string, string>>;
}

const controlPlane: Tool = {
  name: "control-plane",
  override: "KUBETEST_BIN",
  sources: ["go.mod", "go.sum", "main.go"],
  package: ".",
  versions: () => {
    const { version, major, minor } = kubernetesVersion();
    const variables = { gitVersion: version, gitMajor: major, gitMinor: minor };
    return inPackage("k8s.io/component-base/version", variables);
  },
};

const helm: Tool = {
  name: "helm",
  override: "HELM_BIN",
  sources: ["go.mod", "go.sum"],
  package: "helm.sh/helm/v3/cmd/helm",
  versions: () => {
    // Charts rendered without a server are then rendered for the version under test.
    const { major, minor } = kubernetesVersion();
    const kubernetes = { k8sVersionMajor: major, k8sVersionMinor: minor };
    return {
      ...inPackage("helm.sh/helm/v3/internal/version", { version: pinned("helm", "helm.sh/helm/v3") }),
      ...inPackage("helm.sh/helm/v3/pkg/chartutil", kubernetes),
      ...inPackage("helm.sh/helm/v3/pkg/lint/rules", kubernetes),
    };
  },
};

const execNode: Tool = {
  name: "exec-node",
  override: "EXEC_NODE_BIN",
  sources: ["go.mod", "go.sum", "main.go"],
  package: ".",
  versions: () => ({}),
};

/** Why no control plane can run here and how to fix it; undefined if one can. */
export const whyNoControlPlane = (): string | undefined => whyNot(controlPlane);

/** The same for Helm. */
export const whyNoHelm = (): string | undefined => whyNot(helm);

/** The same for the node that runs commands. */
export const whyNoExecNode = (): string | undefined => whyNot(execNode);

function whyNot({ name, override }: Tool): string | undefined {
  if (process.env[override] || hasGo()) return undefined;
  return `no ${name}: skipping the tests that need it; install Go to build it, or set ${override} to a binary`;
}

/**
 * The path of the binary that acts as etcd, kube-apiserver, kube-controller-manager or kubectl, depending on
 * the name it is called by.
 */
export const provideControlPlane = (): Promise<string> => provide(controlPlane);

/** The path of the Helm binary. */
export const provideHelm = (): Promise<string> => provide(helm);

/** The path of the server that stands in for the part of a kubelet behind `kubectl exec`. */
export const provideExecNode = (): Promise<string> => provide(execNode);

async function provide(tool: Tool): Promise<string> {
  const given = process.env[tool.override];
  if (given) return given;
  const binary = join(cache, keyOf(tool), tool.name);
  if (existsSync(binary)) return binary;
  await mkdir(dirname(binary), { recursive: true });
  await withBuildLock(join(cache, "build.lock"), say, async () => {
    if (!existsSync(binary)) await build(tool, binary);
  });
  return binary;
}

function keyOf(tool: Tool): string {
  const hash = createHash("sha256").update(linkerFlags(tool));
  for (const file of tool.sources) hash.update(readFileSync(join(here, tool.name, file)));
  return hash.digest("hex").slice(0, 16);
}

/** Renames the binary into place only after the build has succeeded. */
async function build(tool: Tool, binary: string): Promise<void> {
  say(
    `building ${tool.name} once, after downloading its modules; a control plane takes minutes and gigabytes of memory`,
  );
  const unfinished = `${binary}.unfinished`;
  const startedAt = performance.now();
  await compile(tool, unfinished);
  await rename(unfinished, binary);
  say(`built ${tool.name} in ${Math.round((performance.now() - startedAt) / 1000)} s`);
}

async function compile(tool: Tool, output: string): Promise<void> {
  const args = ["build", "-v", "-trimpath", "-buildvcs=false", "-ldflags", linkerFlags(tool)];
  const go = spawn("go", [...args, "-o", output, tool.package], {
    cwd: join(here, tool.name),
    env: { ...process.env, CGO_ENABLED: "0" },
    stdio: ["ignore", "inherit", "pipe"],
  });
  if (go.pid !== undefined) setPriority(go.pid, constants.priority.PRIORITY_LOW);
  const lines: string[] = [];
  createInterface({ input: go.stderr }).on("line", (line) => {
    if (lines.push(line) % 250 === 0) say(`${tool.name}: ${lines.length} modules and packages so far`);
  });
  const [code] = await once(go, "close");
  if (code !== 0) throw new Error(`cannot build ${tool.name}: ${lines.slice(-20).join("\n")}`);
}

function linkerFlags({ versions }: Tool): string {
  const variables = Object.entries(versions()).map(([name, value]) => `-X ${name}=${value}`);
  return ["-s", "-w", ...variables].join(" ");
}

function inPackage(path: string, variables: Readonly<Record<string, string>>) {
  return Object.fromEntries(Object.entries(variables).map(([name, value]) => [`${path}.${name}`, value]));
}

function kubernetesVersion() {
  const version = pinned("control-plane", "k8s.io/kubernetes");
  const [major = "", minor = ""] = version.slice(1).split(".");
  return { version, major, minor };
}

/** The version of a module in a go.mod, which is the only place that pins it. */
function pinned(tool: string, module: string): string {
  const lines = readFileSync(join(here, tool, "go.mod"), "utf8").split("\n");
  const [, version] = lines.map((line) => line.trim().split(" ")).find(([name]) => name === module) ?? [];
  if (!version?.startsWith("v")) throw new Error(`${tool}/go.mod does not pin ${module}`);
  return version;
}

function say(line: string): void {
  process.stdout.write(`      ${line}\n`);
}
