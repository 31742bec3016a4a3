import { mkdir, symlink } from "node:fs/promises";
import { join } from "node:path";
import { type TemporaryDirectory, temporaryDirectory } from "@kasbah/testkit";
import { agentBin, kasbahBin } from "../../harness/repository.ts";
import { provideControlPlane, provideExecNode, provideHelm, whyNoControlPlane } from "../build-tools.ts";
import { startControlPlane } from "../control-plane.ts";
import { startExecNode } from "../exec-node.ts";
import { Kubelet } from "./kubelet.ts";

/** Runs a cluster until its input ends, and prints the environment of its commands as one line of JSON. */
async function main(): Promise<void> {
  const missing = whyNoControlPlane();
  if (missing !== undefined) return void process.stdout.write(`${missing}\n`);
  await using directory = await temporaryDirectory();
  const bin = await programsIn(directory);
  // The last one lets claims go whose pods are gone, and with them their namespaces.
  const controllers = [
    "statefulset",
    "endpoints",
    "endpointslice",
    "job",
    "persistentvolumeclaim-protection",
  ];
  const controlPlane = await startControlPlane({ controllers });
  await controlPlane.adminRequest("POST", "/apis/storage.k8s.io/v1/storageclasses", {
    metadata: { name: "standard", annotations: { "storageclass.kubernetes.io/is-default-class": "true" } },
    provisioner: "kubernetes.io/no-provisioner",
    allowVolumeExpansion: true,
  });
  const node = await startExecNode(controlPlane, "node-1");
  const kubelet = new Kubelet(controlPlane, node, "node-1", directory);
  kubelet.start();
  const env = { KUBECONFIG: controlPlane.kubeconfig, CLUSTER_BIN: bin };
  process.stdout.write(`${JSON.stringify(env)}\n`);
  for await (const _ of process.stdin);
  await kubelet.stop();
  await node.stop();
  await controlPlane.stop();
}

/** The folder with kubectl and helm, and with the programs that are in the images. */
async function programsIn(directory: TemporaryDirectory): Promise<string> {
  await provideExecNode();
  const bin = directory.join("bin");
  await mkdir(bin);
  await symlink(await provideControlPlane(), join(bin, "kubectl"));
  await symlink(await provideHelm(), join(bin, "helm"));
  const image = directory.join("image");
  await mkdir(image);
  await symlink(process.execPath, join(image, "node"));
  await symlink(kasbahBin, join(image, "kasbah"));
  await symlink(agentBin, join(image, "kasbah-agent"));
  return bin;
}

await main();
