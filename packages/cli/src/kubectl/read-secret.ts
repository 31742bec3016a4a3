import { z } from "zod";
import { CliError } from "../errors.ts";
import { type ClusterChoice, defaultNamespace } from "./cluster-choice.ts";
import { errorWordsOf } from "./error-words.ts";
import { type KubectlDeps, kubectlRunner } from "./kubectl.ts";
import { explainKubectl } from "./kubectl-failure.ts";

const deadlineMs = 30_000;
const secretSchema = z.object({ data: z.record(z.string(), z.string()).default({}) });

/**
 * Reads a Secret with kubectl. Its data stays in memory. @throws CliError `TARGET_INVALID`, `ADMIN_FORBIDDEN`,
 * `ADMIN_UNREACHABLE`, `TARGET_REPLY_INVALID`, `PROCESS_FAILED`
 */
export async function readSecret(name: string, choice: ClusterChoice, deps: KubectlDeps) {
  if (!/^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/.test(name)) {
    throw new CliError(
      "TARGET_INVALID",
      `there is no directory ${JSON.stringify(name)}, and it is no name of a Secret`,
    );
  }
  const { namespace = defaultNamespace } = choice;
  const place = `Secret ${namespace}/${name}`;
  const args = ["get", "secret", name, `--namespace=${namespace}`, "--output=json"];
  const run = await kubectlRunner(choice, deps)(args, { deadlineMs });
  if (run.end !== "well") {
    if (/\(NotFound\)/.test(run.stderr)) {
      throw new CliError("TARGET_INVALID", `there is neither a directory ${name} nor a ${place}`);
    }
    if (/\(Forbidden\)/.test(run.stderr)) {
      throw new CliError(
        "ADMIN_FORBIDDEN",
        `${errorWordsOf(run.stderr)}; trying a Secret needs the verb get on it`,
      );
    }
    const { code, message } = explainKubectl(run, deadlineMs);
    throw new CliError(code, `there is no directory ${name}, so it names a Secret: ${message}`);
  }
  return { place, data: dataIn(run.stdout, place) };
}

function dataIn(text: string, place: string): Readonly<Record<string, string>> {
  try {
    return secretSchema.parse(JSON.parse(text)).data;
  } catch {
    // The cause may quote the text, which contains a key.
    throw new CliError("TARGET_REPLY_INVALID", `kubectl printed no Secret for ${place}`);
  }
}
