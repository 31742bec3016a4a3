import { isAbsolute, resolve } from "node:path";
import { isSubdomain } from "@kasbah/pki";
import { type ConfigOf, option, schema } from "@kasbah/runtime";
import type { CallerConfig } from "./callers.ts";

/** Where the checkpoint is copied: a file, or a ConfigMap in the CA's namespace. */
export interface CheckpointPlace {
  readonly file?: string | undefined;
  readonly configMap?: string | undefined;
}

/** What protects the ledger. */
export const ledgerOptions = {
  strictLedger: option({
    flag: "--strict-ledger",
    env: "KASBAH_STRICT_LEDGER",
    help: "refuse to start if the ledger was lost, instead of beginning a new one and reporting the loss",
    schema: schema.boolean,
    default: "false",
    group: "Ledger",
  }),
  ledgerPlace: option({
    flag: "--ledger-place <name>",
    env: "KASBAH_LEDGER_PLACE",
    help: "with --state-secret: a name that stays with the volume of the ledger, so that an emptied volume is not mistaken for a new replica: the pod's name, or its UID if the volume is deleted with the pod",
    schema: schema.parsed(parsePlace, "name or UID of a pod"),
    optional: true,
    group: "Ledger",
  }),
  checkpointTo: option({
    flag: "--checkpoint-to <place>",
    env: "KASBAH_CHECKPOINT_TO",
    help: "copy the signed head of the ledger to this file on a volume of another machine, at most every 10 s, of which each replica needs its own; or to configmap:NAME in the CA's namespace, at most every minute, with a key per replica",
    schema: schema.parsed(parseCheckpointPlace, "path, or configmap:NAME"),
    optional: true,
    group: "Ledger",
  }),
};

export type LedgerConfig = ConfigOf<typeof ledgerOptions>;

/** Checks combinations of options that are each valid. */
export function ledgerProblems({
  checkpointTo,
  kubernetesApi,
}: LedgerConfig & Pick<CallerConfig, "kubernetesApi">): readonly string[] {
  if (checkpointTo?.configMap === undefined || kubernetesApi !== undefined) return [];
  return ["--checkpoint-to configmap:…: requires --kubernetes-api"];
}

const configMapPrefix = "configmap:";

function parseCheckpointPlace(text: string): CheckpointPlace {
  if (text === "") throw new Error("expected a file, or configmap:NAME");
  if (!text.startsWith(configMapPrefix)) return { file: isAbsolute(text) ? text : resolve(text) };
  const configMap = text.slice(configMapPrefix.length);
  if (isSubdomain(configMap)) return { configMap };
  throw new Error("expected configmap: and a Kubernetes name: lower-case letters, digits, hyphens and dots");
}

/** The characters of names and UIDs of pods, which are also those of a key in a ConfigMap. */
function parsePlace(text: string): string {
  if (/^[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?$/.test(text)) return text;
  throw new Error("expected the name or the UID of a pod: lower-case letters, digits, hyphens and dots");
}
