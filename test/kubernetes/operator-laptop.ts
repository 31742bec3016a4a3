import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { symlink, writeFile } from "node:fs/promises";
import { text } from "node:stream/consumers";
import { eventually, type TemporaryDirectory, temporaryDirectory } from "@kasbah/testkit";
import { kasbahBin } from "../harness/repository.ts";
import { provideControlPlane } from "./build-tools.ts";
import type { ControlPlane } from "./control-plane.ts";
import { kubeconfigOf } from "./credentials.ts";
import { createToken } from "./workloads.ts";

export interface Said {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A machine with kasbah and kubectl but without a CA. */
export interface Laptop {
  /** A kubeconfig for a service account. */
  kubeconfig(namespace: string, account: string): Promise<string>;
  /**
   * Runs `kasbah` until it exits. It is interrupted as by Ctrl-C as soon as the file `interruptWhen` exists.
   */
  kasbah(args: readonly string[], options?: { readonly interruptWhen?: string }): Promise<Said>;
  remove(): Promise<void>;
}

export async function openLaptop(controlPlane: ControlPlane): Promise<Laptop> {
  const home = await temporaryDirectory();
  await symlink(await provideControlPlane(), home.join("kubectl"));
  return {
    async kubeconfig(namespace, account) {
      const token = await createToken(controlPlane, namespace, account);
      const { url, caFile } = controlPlane;
      const path = home.join(`${account}.kubeconfig`);
      await writeFile(path, JSON.stringify(kubeconfigOf(url, caFile, token)), { mode: 0o600 });
      return path;
    },
    kasbah: (args, { interruptWhen } = {}) => run(home, args, interruptWhen),
    remove: () => home.remove(),
  };
}

async function run(home: TemporaryDirectory, args: readonly string[], interruptWhen?: string): Promise<Said> {
  const child = spawn(process.execPath, [kasbahBin, ...args], {
    env: { PATH: home.path, HOME: home.path },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const ended = Promise.all([text(child.stdout), text(child.stderr), once(child, "close")]);
  if (interruptWhen !== undefined) {
    await eventually(() => existsSync(interruptWhen), 30_000);
    child.kill("SIGINT");
  }
  const [stdout, stderr] = await ended;
  return { exitCode: child.exitCode, stdout, stderr };
}
