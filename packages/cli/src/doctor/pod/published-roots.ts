import { MeshError, readBundle } from "@kasbah/pki";
import type { AuthorityStatusMessage } from "@kasbah/protocol";
import { z } from "zod";
import type { RunKubectl } from "../../kubectl/kubectl.ts";
import type { AgentFinding, AgentReport } from "../agent-report.ts";
import type { PodAgent } from "./find-agent.ts";

const deadlineMs = 30_000;
const configMap = "istio-ca-root-cert";
const schema = z.object({ data: z.record(z.string(), z.string()).default({}) });

/** The fingerprints of the roots that are published in a namespace; undefined if none can be read. */
export async function readPublishedRoots(
  { namespace }: Pick<PodAgent, "namespace">,
  kubectl: RunKubectl,
): Promise<readonly string[] | undefined> {
  const args = ["get", "configmap", configMap, `--namespace=${namespace}`, "--output=json"];
  const run = await kubectl(args, { deadlineMs });
  if (run.end !== "well") return undefined;
  try {
    const { data } = schema.parse(JSON.parse(run.stdout));
    return readBundle(data["root-cert.pem"] ?? "").bundle.roots.map(({ fingerprint }) => fingerprint);
  } catch (error) {
    if (error instanceof MeshError || error instanceof SyntaxError || error instanceof z.ZodError)
      return undefined;
    throw error;
  }
}

export interface ComparedRoots {
  readonly report: AgentReport;
  /** Of the namespace; undefined if unknown. */
  readonly published: readonly string[] | undefined;
  /** Of the CA; undefined if it did not answer. */
  readonly authorities: AuthorityStatusMessage["authorities"] | undefined;
  readonly namespace: string;
}

/** Compares three places that should have the same root: the CA, the namespace and the agent. */
export function compareRoots({
  report,
  published,
  authorities,
  namespace,
}: ComparedRoots): readonly AgentFinding[] {
  const active = authorities?.filter(({ kind, trusted }) => kind === "root" && trusted) ?? [];
  const signing = active.find(({ signs, stage }) => signs || stage === "active") ?? active[0];
  const held = report.facts.roots.map(({ fingerprint }) => fingerprint);
  const place = `the ConfigMap ${namespace}/${configMap}`;
  if (signing !== undefined && published !== undefined && !published.includes(signing.fingerprint)) {
    const what = `${place} does not contain the CA's root ${signing.fingerprint}; it contains ${listed(published)}`;
    const fix = `check that the CA publishes its root to this namespace and that no other controller, such as istiod, writes the ConfigMap`;
    return [
      {
        level: "critical",
        area: "root",
        code: "PUBLISHED_ROOT_DIFFERS",
        what,
        fix,
        page: "docs/use-with-istio.md",
      },
    ];
  }
  const right = signing === undefined ? published : [signing.fingerprint];
  if (right === undefined || held.length === 0 || right.some((one) => held.includes(one))) return [];
  const source = signing === undefined ? place : "the CA";
  const what = `the agent holds the root ${listed(held)}, but ${source} has ${listed(right)}`;
  const fix = `mount ${place} as the agent's root file; if it is mounted, restart the pod: a file that is mounted with subPath is never updated`;
  return [
    { level: "critical", area: "root", code: "HELD_ROOT_DIFFERS", what, fix, page: "docs/trust-bundles.md" },
  ];
}

function listed(fingerprints: readonly string[]): string {
  const more = fingerprints.length > 3 ? ` and ${fingerprints.length - 3} more` : "";
  return fingerprints.length === 0 ? "no root" : `${fingerprints.slice(0, 3).join(", ")}${more}`;
}
