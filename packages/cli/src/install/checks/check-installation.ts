import { argumentProblems } from "@kasbah/ca-server/arguments";
import { PolicyError, parsePolicy } from "@kasbah/ca-server/policy";
import { ConfigInvalidError } from "@kasbah/runtime";
import type { Installation } from "../objects/installation.ts";
import type { Manifest } from "../objects/manifest.ts";
import { findFlagOrigin } from "./argument-values.ts";
import { installedServer } from "./installed-server.ts";

/**
 * Refuses an installation whose CA would not start: its parsers read the arguments and the policy of the objects.
 *
 * @throws ConfigInvalidError with every problem, each prefixed with the name of its value
 */
export function checkInstallation({ values }: Installation, objects: readonly Manifest[]): void {
  const server = installedServer(objects);
  if (server === undefined) return;
  const flags = argumentProblems(server).map(({ flag = "", variable, problem }) => {
    const origin = findFlagOrigin(flag, server.argv, values.ca.extraArgs);
    if (origin !== undefined) return `${origin.values.join(" and ")} (${origin.shown}): ${problem}`;
    return variable === undefined ? problem : `pod.extraEnv (${variable}): ${flag}: ${problem}`;
  });
  const problems = [...flags, ...policyProblems(values.policy.text), ...helmOnly(values)];
  if (problems.length > 0) throw new ConfigInvalidError(problems);
}

/** What would be lost without a word. */
function helmOnly({ dashboard, extraObjects }: Installation["values"]): readonly string[] {
  const problems: [boolean, string][] = [
    [
      dashboard.enabled,
      "dashboard.enabled: only for Helm; import deploy/grafana/kasbah.json into Grafana, or create a ConfigMap from it",
    ],
    [extraObjects.length > 0, "extraObjects: only for Helm; apply these objects with kubectl"],
  ];
  return problems.filter(([isGiven]) => isGiven).map(([, problem]) => problem);
}

/** The lines in the problems are those of the file that the value was read from. */
function policyProblems(text: string): readonly string[] {
  if (text === "") return [];
  try {
    parsePolicy("policy.text", text);
    return [];
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error;
    return error.problems;
  }
}
