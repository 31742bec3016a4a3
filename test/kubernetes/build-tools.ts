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

/** Git-ignored; holds a binary for each state of its sources. */
export const cache = join(here, "../../.cache/kubernetes");

/** A Go module beside this file, and what to build of it. */
interface Tool {
  readonly name: string;
  /** The environment's variable that names a binary to take instead. */
  readonly override: string;
  readonly sources: readonly string[];
  readonly package: string;
  /** What the linker puts into variables of Go: without it, a program does not know its own version. */
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
    // So that a chart that is rendered without a server is rendered for the one that we have.
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

/** Why there is no control plane here, and what to do about it; undefined when there can be one. */
export const whyNoControlPlane = (): string | undefined => whyNot(controlPlane);

/** The same of Helm. */
export const whyNoHelm = (): string | undefined => whyNot(helm);

/** The same of the node that commands run on. */
export const whyNoExecNode = (): string | undefined => whyNot(execNode);

function whyNot({ name, override }: Tool): string | undefined {
  if (process.env[override] || hasGo()) return undefined;
  return `no ${name}, so what needs it is skipped: install Go to build it, or set ${override} to a binary`;
}

/** The path of the binary that is etcd, kube-apiserver, kube-controller-manager and kubectl by its name. */
export const provideControlPlane = (): Promise<string> => provide(controlPlane);

/** The path of Helm. */
export const provideHelm = (): Promise<string> => provide(helm);

/** The path of the part of a kubelet that kubectl exec reaches. */
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

/** Under its name is only what was built to its end. */
async function build(tool: Tool, binary: string): Promise<void> {
  say(
    `building ${tool.name} once, with modules to download before; a control plane takes minutes, and gigabytes of memory`,
  );
  const unfinished = `${binary}.unfinished`;
  const startedAt = performance.now();
  await compile(tool, unfinished);
  await rename(unfinished, binary);
  say(`${tool.name} is built, in ${Math.round((performance.now() - startedAt) / 1000)} s`);
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
  if (code !== 0) throw new Error(`${tool.name} was not built: ${lines.slice(-20).join("\n")}`);
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

/** The version of a module that a go.mod asks for: the one place where it stands. */
function pinned(tool: string, module: string): string {
  const lines = readFileSync(join(here, tool, "go.mod"), "utf8").split("\n");
  const [, version] = lines.map((line) => line.trim().split(" ")).find(([name]) => name === module) ?? [];
  if (!version?.startsWith("v")) throw new Error(`${tool}/go.mod pins no ${module}`);
  return version;
}

function say(line: string): void {
  process.stdout.write(`      ${line}\n`);
}
