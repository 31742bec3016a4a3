import { z } from "zod";
import { CliError } from "../errors.ts";
import { discoveryLabels, discoverySelector } from "../install/objects/installation.ts";
import { type ClusterChoice, defaultNamespace } from "../kubectl/cluster-choice.ts";
import type { RunKubectl } from "../kubectl/kubectl.ts";
import { explainKubectl } from "../kubectl/kubectl-failure.ts";

/** A pod of the CA. */
export interface Replica {
  readonly name: string;
  readonly isReady: boolean;
  /** Why no command can run in the pod; undefined if one can. */
  readonly absence?: string;
}

/** Pods of manifests of your own may have the label with the name instead. */
const selectors = [discoverySelector, discoverySelector.replace("/part-of=", "/name=")];
export const containerName = "kasbah-server";

/** Longer than kubectl's own timeout, so that kubectl reports what it waited for. */
const deadlineMs = 30_000;

/**
 * The chart allows nine replicas. The limit keeps a thousand pods with these labels from starting a thousand
 * processes.
 */
const mostReplicas = 16;

// Names are printed to a terminal and passed to kubectl.
const podName = z.string().regex(/^[a-z0-9][-a-z0-9.]{0,252}$/);
const word = z.string().regex(/^[A-Za-z]{1,64}$/);
const podList = z.object({
  items: z.array(
    z.object({
      metadata: z.object({ name: podName }),
      status: z.object({
        phase: word,
        containerStatuses: z
          .array(
            z.object({
              name: z.string(),
              ready: z.boolean(),
              state: z
                .object({
                  running: z.object({}).optional(),
                  waiting: z.object({ reason: word.optional() }).optional(),
                })
                .default({}),
            }),
          )
          .default([]),
      }),
    }),
  ),
});

type Pod = z.output<typeof podList>["items"][number];

/**
 * Finds the CA's pods, ready ones first.
 *
 * @throws CliError `ADMIN_UNREACHABLE`, `ADMIN_FORBIDDEN`, `PROCESS_FAILED`, `TARGET_REPLY_INVALID`
 */
export async function findReplicas(choice: ClusterChoice, kubectl: RunKubectl): Promise<readonly Replica[]> {
  const { namespace = defaultNamespace } = choice;
  const replicas = (await listPods(namespace, kubectl)).map(replicaOf).sort(byReadiness);
  const found = replicas.filter((replica) => isChosen(replica, choice));
  const several = [...new Set(found.map(installationOf))];
  if (several.length > 1) {
    const names = several.toSorted().join(", ");
    throw new CliError(
      "ADMIN_UNREACHABLE",
      `several CAs in namespace ${namespace}: ${names}; select one of them with --installation`,
    );
  }
  if (found.length > 0) return found;
  const names = replicas.map(({ name }) => name).join(", ");
  const seen =
    names === "" ? `no pod has the labels ${discoveryLabels.join(" and ")}` : `its pods are ${names}`;
  const fix =
    names === ""
      ? "select the namespace with -n and the cluster with --context"
      : "select one of them with --pod, or a CA with --installation";
  const isAny = choice.pod === undefined && choice.installation === undefined;
  const what = isAny || names === "" ? "CA" : "such pod of the CA";
  throw new CliError("ADMIN_UNREACHABLE", `no ${what} in namespace ${namespace}: ${seen}; ${fix}`);
}

async function listPods(namespace: string, kubectl: RunKubectl): Promise<readonly Pod[]> {
  const flags = [`--namespace=${namespace}`, "--request-timeout=20s", "--output=json"];
  for (const selector of selectors) {
    const run = await kubectl(["get", "pods", ...flags, `--selector=${selector}`], { deadlineMs });
    if (run.end !== "well") throw explainKubectl(run, deadlineMs);
    const pods = readPods(run.stdout);
    if (pods.length > 0) return pods;
  }
  return [];
}

function isChosen(replica: Replica, { installation, pod }: ClusterChoice): boolean {
  if (pod !== undefined && replica.name !== pod) return false;
  return installation === undefined || installationOf(replica) === installation;
}

/** The name of the StatefulSet, which is that of the CA. */
function installationOf({ name }: Replica): string {
  return name.replace(/-\d+$/, "");
}

function readPods(text: string): readonly Pod[] {
  const { data } = podList.safeParse(jsonOf(text));
  if (data === undefined) {
    throw new CliError("TARGET_REPLY_INVALID", "kubectl get did not print a list of pods");
  }
  if (data.items.length <= mostReplicas) return data.items;
  const count = `${data.items.length} pods have the CA's labels: expected at most ${mostReplicas}`;
  throw new CliError("TARGET_REPLY_INVALID", `${count} (${discoverySelector})`);
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function replicaOf({ metadata: { name }, status: { phase, containerStatuses } }: Pod): Replica {
  const own = containerStatuses.find((container) => container.name === containerName);
  if (phase === "Running" && own?.state.running !== undefined) return { name, isReady: own.ready };
  const reason = own?.state.waiting?.reason;
  const state =
    phase === "Running" && own === undefined ? `has no container ${containerName}` : `is ${phase}`;
  return {
    name,
    isReady: false,
    absence: `the pod ${state}${reason === undefined ? "" : ` (${reason})`}`,
  };
}

const ordinals = new Intl.Collator("en", { numeric: true });

function byReadiness(one: Replica, other: Replica): number {
  return Number(other.isReady) - Number(one.isReady) || ordinals.compare(one.name, other.name);
}
