import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse, parseAllDocuments } from "yaml";
import { repositoryRoot } from "../repository.ts";

export const root = repositoryRoot;
export const chartPath = join(root, "deploy/helm/kasbah");

/** The fields of a Kubernetes object that tests inspect. */
export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels: Readonly<Record<string, string>>;
  };
}

/** Reads the file at this path from the root of the repository. */
export const readText = (path: string): string => readFileSync(join(root, path), "utf8");
export const readYaml = (path: string): unknown => parse(readText(path));

/** The objects of a YAML stream as kubectl reads it, without empty documents. */
export function objectsIn(stream: string): readonly KubernetesObject[] {
  return parseAllDocuments(stream, { version: "1.1" })
    .map((document) => document.toJS())
    .filter((object) => object !== null);
}

const managerLabels = new Set(["app.kubernetes.io/managed-by", "helm.sh/chart"]);

/** Objects by kind and name, without the labels that identify the installer. */
export function byName(objects: readonly KubernetesObject[]): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    objects.map((object) => {
      const { kind, metadata } = object;
      return [`${kind} ${metadata.namespace ?? ""}/${metadata.name}`, withoutManager(object)];
    }),
  );
}

function withoutManager(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutManager);
  if (typeof value !== "object" || value === null) return value;
  const kept = Object.entries(value).filter(([key]) => !managerLabels.has(key));
  return Object.fromEntries(kept.map(([key, inner]) => [key, withoutManager(inner)]));
}
