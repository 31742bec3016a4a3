import { headOfNote } from "@kasbah/ledger";
import type { KnownHeadsMessage } from "@kasbah/protocol";
import { z } from "zod";
import { CliError } from "../../errors.ts";
import { type ClusterChoice, defaultNamespace } from "../../kubectl/cluster-choice.ts";
import { errorWordsOf } from "../../kubectl/error-words.ts";
import { type KubectlDeps, kubectlRunner } from "../../kubectl/kubectl.ts";
import { explainKubectl } from "../../kubectl/kubectl-failure.ts";

const deadlineMs = 30_000;
const schema = z.object({ data: z.record(z.string(), z.string()).default({}) });

/**
 * Reads the checkpoints in a ConfigMap, one per replica. @param place `configmap:NAME`
 * @throws CliError `TARGET_INVALID`, `ADMIN_FORBIDDEN`, `ADMIN_UNREACHABLE`, `TARGET_REPLY_INVALID`
 */
export async function readCheckpointMap(
  place: string,
  choice: ClusterChoice,
  deps: KubectlDeps,
): Promise<KnownHeadsMessage> {
  const name = /^configmap:([a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?)$/.exec(place)?.[1];
  if (name === undefined)
    throw new CliError("TARGET_INVALID", `--checkpoint ${place}: in a cluster, expected configmap:NAME`);
  const { namespace = defaultNamespace } = choice;
  const where = `the ConfigMap ${namespace}/${name}`;
  const args = ["get", "configmap", name, `--namespace=${namespace}`, "--output=json"];
  const run = await kubectlRunner(choice, deps)(args, { deadlineMs });
  if (run.end !== "well") {
    const { code, message } = explainKubectl(run, deadlineMs);
    throw /\(NotFound\)/.test(run.stderr)
      ? new CliError("TARGET_INVALID", `cannot read ${where}: ${errorWordsOf(run.stderr)}`)
      : new CliError(code, `cannot read ${where}: ${message}`);
  }
  const heads = Object.entries(dataIn(run.stdout, where)).flatMap(([replica, note]) => {
    const head = headOfNote(note);
    return head === undefined ? [] : [{ where, replica, time: "", ...head }];
  });
  return { replica: "", heads };
}

function dataIn(text: string, where: string): Readonly<Record<string, string>> {
  try {
    return schema.parse(JSON.parse(text)).data;
  } catch (cause) {
    throw new CliError("TARGET_REPLY_INVALID", `kubectl printed no ConfigMap for ${where}`, { cause });
  }
}
