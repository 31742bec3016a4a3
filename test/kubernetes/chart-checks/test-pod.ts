import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type TemporaryDirectory, temporaryDirectory, untilSeen } from "@kasbah/testkit";
import { kasbahBin, serverBin } from "../../harness/repository.ts";
import type { ControlPlane } from "../control-plane.ts";

interface Container {
  readonly name: string;
  readonly command: readonly string[];
  readonly args: readonly string[];
  readonly env?: readonly { readonly name: string; readonly value?: string }[];
  readonly volumeMounts?: readonly { readonly name: string; readonly mountPath: string }[];
}

interface Volume {
  readonly name: string;
  readonly configMap?: { readonly name: string };
}

export interface TestPod {
  readonly metadata: { readonly name: string; readonly uid: string };
  readonly spec: { readonly containers: readonly Container[]; readonly volumes: readonly Volume[] };
}

/** The result of a container as it ran on this machine. */
export interface ContainerRun {
  readonly name: string;
  readonly exitCode: number;
  readonly output: string;
}

const programs: Readonly<Record<string, string>> = { "kasbah-server": serverBin, kasbah: kasbahBin };

/**
 * Runs the next pod of this name as a kubelet would, with its containers as processes of this machine, and reports
 * to the API server how it ended.
 *
 * @param addresses what takes the place of addresses that only a cluster resolves
 */
export async function runTestPod(
  controlPlane: ControlPlane,
  { namespace, name }: { readonly namespace: string; readonly name: string },
  addresses: Readonly<Record<string, string>>,
): Promise<{ readonly pod: TestPod; readonly runs: readonly ContainerRun[] }> {
  const path = `/api/v1/namespaces/${namespace}/pods/${name}`;
  const pod = await untilSeen(path, 60_000, async () => {
    const { status, body } = await controlPlane.adminRequest<TestPod>("GET", path);
    return status === 200 ? body : undefined;
  });
  const directory = await temporaryDirectory();
  const write = () => writeVolumes(controlPlane, namespace, pod, directory);
  const ended = new AbortController();
  try {
    const mounts = await write();
    const updated = keepUpdated(write, ended.signal);
    const { containers } = pod.spec;
    const runs = await Promise.all(containers.map((each) => runContainer(each, mounts, addresses)));
    ended.abort();
    await updated;
    await report(controlPlane, path, runs);
    return { pod, runs };
  } finally {
    ended.abort();
    await directory.remove();
  }
}

/** The CA may publish an optional ConfigMap only after the pod has started. */
async function keepUpdated(write: () => Promise<unknown>, ended: AbortSignal): Promise<void> {
  while (!ended.aborted) {
    await write();
    await sleep(500);
  }
}

/** Writes the ConfigMaps that the pod mounts, as far as they exist. Returns the directory of each volume. */
async function writeVolumes(
  controlPlane: ControlPlane,
  namespace: string,
  { spec }: TestPod,
  directory: TemporaryDirectory,
): Promise<ReadonlyMap<string, string>> {
  const places = new Map<string, string>();
  for (const { name, configMap } of spec.volumes) {
    const place = directory.join(name);
    places.set(name, place);
    await mkdir(place, { recursive: true });
    if (configMap === undefined) continue;
    const source = `/api/v1/namespaces/${namespace}/configmaps/${configMap.name}`;
    const { body } = await controlPlane.adminRequest<{ data?: Record<string, string> }>("GET", source);
    for (const [file, text] of Object.entries(body.data ?? {})) {
      const path = join(place, file);
      if (!existsSync(path)) await writeFile(path, text);
    }
  }
  return places;
}

function runContainer(
  { name, command, args, env = [], volumeMounts = [] }: Container,
  places: ReadonlyMap<string, string>,
  addresses: Readonly<Record<string, string>>,
): Promise<ContainerRun> {
  const here = (text: string) => {
    const replaced = Object.entries(addresses).reduce((now, [from, to]) => now.replaceAll(from, to), text);
    return volumeMounts.reduce(
      (now, mount) => now.replaceAll(mount.mountPath, places.get(mount.name) ?? ""),
      replaced,
    );
  };
  const program = programs[command[0] ?? ""];
  if (program === undefined) throw new Error(`the image has no program ${command}`);
  const variables = env.map(({ name: variable, value = "kasbah-test" }) => [variable, here(value)]);
  const options = { env: { PATH: dirname(process.execPath), ...Object.fromEntries(variables) } };
  return new Promise((resolve) => {
    execFile(process.execPath, [program, ...args.map(here)], options, (error, stdout, stderr) => {
      const exitCode = error === null ? 0 : Number(error.code ?? 1);
      resolve({ name, exitCode, output: stdout + stderr });
    });
  });
}

async function report(
  controlPlane: ControlPlane,
  path: string,
  runs: readonly ContainerRun[],
): Promise<void> {
  const containerStatuses = runs.map(({ name, exitCode }) => ({
    ...{ name, ready: false, restartCount: 0, image: "none", imageID: "" },
    state: { terminated: { exitCode, reason: exitCode === 0 ? "Completed" : "Error" } },
  }));
  const phase = runs.every(({ exitCode }) => exitCode === 0) ? "Succeeded" : "Failed";
  await controlPlane.adminRequest("PATCH", `${path}/status`, { status: { phase, containerStatuses } });
}
