import { type ArgumentProblem, argumentProblems } from "@kasbah/ca-server/arguments";
import { PolicyError, parsePolicy } from "@kasbah/ca-server/policy";
import { ConfigInvalidError } from "@kasbah/runtime";
import type { Installation } from "../objects/installation.ts";
import type { Manifest } from "../objects/manifest.ts";
import type { InstallValues } from "../values/values.ts";
import { type FlagOrigin, findFlagOrigin } from "./argument-values.ts";
import { type InstalledServer, installedServer } from "./installed-server.ts";

/**
 * Refuses an installation whose CA would not start: its parsers read the arguments and the policy of the objects.
 *
 * @throws ConfigInvalidError with every problem, each prefixed with the name of its value
 */
export function checkInstallation({ values }: Installation, objects: readonly Manifest[]): void {
  const server = installedServer(objects);
  if (server === undefined) return;
  const flags = argumentProblems(server).map((problem) => sentenceOf(problem, server, values));
  const problems = [...flags, ...policyProblems(values.policy.text), ...helmOnly(values)];
  if (problems.length > 0) throw new ConfigInvalidError(problems);
}

/** A value that contradicts a default of the CA is found by the flags that the problem mentions. */
function sentenceOf(
  { flag, variable, problem }: ArgumentProblem,
  { argv }: InstalledServer,
  { ca: { extraArgs } }: InstallValues,
): string {
  const originOf = (one: string) => findFlagOrigin(one, argv, extraArgs);
  const named = ({ values, shown }: FlagOrigin) => `${values.join(" and ")} (${shown})`;
  if (flag === undefined) return problem;
  const origin = originOf(flag);
  if (origin !== undefined) return `${named(origin)}: ${problem}`;
  if (variable !== undefined) return `pod.extraEnv (${variable}): ${flag}: ${problem}`;
  const [other] = [...problem.matchAll(/--[a-z0-9-]+/g)].flatMap(([one]) => originOf(one) ?? []);
  return other === undefined ? `${flag}: ${problem}` : `${named(other)}: ${flag}: ${problem}`;
}

/** What would be lost without a word. */
function helmOnly({ dashboard, extraObjects }: InstallValues): readonly string[] {
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
