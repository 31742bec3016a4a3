import { readFile } from "node:fs/promises";
import { ConfigInvalidError } from "@kasbah/runtime";
import { z } from "zod";
import { defaultNamespace, namesCluster } from "../../kubectl/cluster-choice.ts";
import { generatedFile } from "../../shipped-files.ts";
import { readCluster } from "../../status/gather/read-cluster.ts";
import { readMachine } from "../../status/gather/read-machine.ts";
import type { StatusPlace } from "../../status/gather-status.ts";
import type { CodeMeaning } from "../../status/rules/rule.ts";
import { adminClientOf, type CaLocation, flagsOf, offlineDirectoryOf } from "../ca-location.ts";
import type { CommandDeps } from "../command-deps.ts";

/** Where a location says the CA is. @throws ConfigInvalidError if it names both this machine and a cluster */
export async function statusPlaceOf(location: CaLocation, deps: CommandDeps): Promise<StatusPlace> {
  const meanings = await readMeanings();
  const explain = (code: string) => meanings.get(code);
  if (!namesCluster(location)) return { explain, facts: () => machineFacts(location, deps) };
  if (location.stateDir !== undefined || location.adminSocket !== undefined)
    throw new ConfigInvalidError([
      "--state-dir and --admin-socket select a CA on this machine, but -n, --context, --kubeconfig, --installation and --pod select a CA in a cluster: use one or the other",
    ]);
  return { explain, facts: () => clusterFacts(location, deps) };
}

async function machineFacts(location: CaLocation, deps: CommandDeps) {
  const stateDirectory = offlineDirectoryOf(location, deps);
  const client = adminClientOf(location, deps);
  const isPod = deps.env["KUBERNETES_SERVICE_HOST"] !== undefined;
  const one = await readMachine({ ...deps, client, stateDirectory, isPod });
  const place =
    stateDirectory === undefined
      ? `admin socket ${location.adminSocket ?? deps.env["KASBAH_ADMIN_SOCKET"]}`
      : `state directory ${stateDirectory}`;
  return {
    source: {
      kind: one.stopped === undefined ? ("running" as const) : ("stopped" as const),
      ...{ place, flags: flagsOf(location).trim(), kubectl: "", readAt: deps.clock.now() },
      ...(stateDirectory === undefined ? {} : { stateDirectory }),
    },
    replicas: [one],
  };
}

async function clusterFacts(location: CaLocation, deps: CommandDeps) {
  const { namespace = defaultNamespace, context } = location;
  const { pod: _, installation: __, ...ofCluster } = location;
  const replicas = await readCluster(location, deps);
  const inContext = context === undefined ? "" : `, context ${context}`;
  return {
    source: {
      kind: "cluster" as const,
      place: `namespace ${namespace}${inContext}`,
      flags: flagsOf({ ...location, namespace }).trim(),
      kubectl: flagsOf({ ...ofCluster, namespace }).trim(),
      readAt: deps.clock.now(),
    },
    replicas,
  };
}

const explanations = z.array(
  z.object({
    code: z.string(),
    section: z.string(),
    cause: z.string().optional(),
    fix: z.string().optional(),
  }),
);

/** The first row of a code is that of the CA. */
async function readMeanings(): Promise<ReadonlyMap<string, CodeMeaning>> {
  const all = explanations.parse(JSON.parse(await readFile(generatedFile("codes.json"), "utf8")));
  const entries = all.map(({ code, cause = "", fix = "" }) => [code, { cause, fix }] as const);
  return new Map(entries.toReversed());
}
