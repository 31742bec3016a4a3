import { z } from "zod";
import { CliError } from "../../errors.ts";
import type { RunKubectl } from "../../kubectl/kubectl.ts";
import { explainKubectl } from "../../kubectl/kubectl-failure.ts";

const deadlineMs = 30_000;

const container = z.object({
  name: z.string().regex(/^[a-z0-9][-a-z0-9]{0,62}$/),
  image: z.string().default(""),
  command: z.array(z.string()).default([]),
  args: z.array(z.string()).default([]),
  env: z
    .array(
      z.object({
        name: z.string(),
        value: z.string().optional(),
        valueFrom: z.object({ fieldRef: z.object({ fieldPath: z.string() }).optional() }).optional(),
      }),
    )
    .default([]),
});

const podSchema = z.object({
  metadata: z.object({ name: z.string(), namespace: z.string().regex(/^[a-z0-9][-a-z0-9]{0,62}$/) }),
  spec: z.object({
    serviceAccountName: z.string().default("default"),
    containers: z.array(container),
    initContainers: z.array(container).default([]),
  }),
  status: z.object({ phase: z.string().default(""), podIP: z.string().optional() }).default({ phase: "" }),
});

type Pod = z.output<typeof podSchema>;
type Container = z.output<typeof container>;

/** The agent in a pod. */
export interface PodAgent {
  readonly pod: string;
  readonly namespace: string;
  readonly container: string;
  /** The flags with which its container was started. */
  readonly flags: readonly string[];
  readonly podIp: string | undefined;
  readonly serviceAccount: string;
}

export interface PodChoice {
  readonly pod: string;
  readonly namespace?: string | undefined;
  readonly container?: string | undefined;
}

/**
 * Finds the container of the agent in a pod, and its flags.
 * @throws CliError `TARGET_INVALID` if there is none, or as kubectl fails
 */
export async function findAgent(choice: PodChoice, kubectl: RunKubectl): Promise<PodAgent> {
  const pod = await readPod(choice, kubectl);
  const { containers, initContainers, serviceAccountName: serviceAccount } = pod.spec;
  const all = [...containers, ...initContainers];
  const chosen = choose(all, choice);
  const { name, namespace } = pod.metadata;
  if (chosen === undefined) {
    const names = all.map((one) => one.name).join(", ");
    const expected =
      choice.container === undefined ? "container with kasbah-agent" : `container ${choice.container}`;
    const message = `the pod ${namespace}/${name} has no ${expected}: its containers are ${names}; select one with -c`;
    throw new CliError("TARGET_INVALID", message);
  }
  const flags = flagsOf(chosen, pod);
  return { pod: name, namespace, container: chosen.name, flags, podIp: pod.status.podIP, serviceAccount };
}

async function readPod({ pod, namespace }: PodChoice, kubectl: RunKubectl): Promise<Pod> {
  if (!/^[a-z0-9][-a-z0-9.]{0,252}$/.test(pod)) {
    throw new CliError("TARGET_INVALID", "expected the name of a pod, or no name for this machine");
  }
  const place = namespace === undefined ? [] : [`--namespace=${namespace}`];
  const run = await kubectl(["get", "pod", pod, ...place, "--output=json"], { deadlineMs });
  if (run.end !== "well") throw explainKubectl(run, deadlineMs);
  const { data } = podSchema.safeParse(jsonOf(run.stdout));
  if (data === undefined) throw new CliError("TARGET_REPLY_INVALID", "kubectl get did not print a pod");
  return data;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function choose(all: readonly Container[], { container: wanted }: PodChoice): Container | undefined {
  if (wanted !== undefined) return all.find(({ name }) => name === wanted);
  return (
    all.find(({ name }) => name === "kasbah-agent") ??
    all.find(({ image, command }) => [image, ...command].some((one) => one.includes("kasbah-agent"))) ??
    all.find(({ image }) => /(?:^|\/)kasbah\/agent\b/.test(image))
  );
}

/** Empty if a shell starts the agent: its variables are then those of the container. */
function flagsOf({ command, args, env }: Container, pod: Pod): readonly string[] {
  const [program = "kasbah-agent", ...rest] = command;
  if (!/(?:^|\/)kasbah-agent$/.test(program)) return [];
  const known = new Map(
    env.map((one) => [one.name, one.value ?? fieldOf(one.valueFrom?.fieldRef?.fieldPath, pod)]),
  );
  const flags = [...rest, ...args].map((one) => expand(one, known));
  const isWhole = flags.every((one) => one !== undefined);
  return isWhole && (flags[0] ?? "").startsWith("-") ? flags.filter((one) => one !== undefined) : [];
}

/**
 * As the kubelet expands `$(NAME)`, and `$$` to a dollar sign. A name that is not a variable stays as it is. Undefined if
 * the value of a variable is not in the pod, but for example in a Secret.
 */
function expand(text: string, known: ReadonlyMap<string, string | undefined>): string | undefined {
  let isKnown = true;
  const expanded = text.replaceAll(/\$\$|\$\(([A-Za-z_][\w.-]*)\)/g, (match, name: string | undefined) => {
    if (name === undefined) return "$";
    if (!known.has(name)) return match;
    const value = known.get(name);
    isKnown &&= value !== undefined;
    return value ?? "";
  });
  return isKnown ? expanded : undefined;
}

function fieldOf(path: string | undefined, { metadata, spec, status }: Pod): string | undefined {
  const fields: Readonly<Record<string, string | undefined>> = {
    "metadata.name": metadata.name,
    "metadata.namespace": metadata.namespace,
    "spec.serviceAccountName": spec.serviceAccountName,
    "status.podIP": status.podIP,
  };
  return path === undefined ? undefined : fields[path];
}
