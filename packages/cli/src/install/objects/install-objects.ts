import { stringify } from "yaml";
import { accessObjects } from "./access.ts";
import { disruptionBudget, networkPolicy } from "./guards.ts";
import { type Installation, marks } from "./installation.ts";
import type { Manifest } from "./manifest.ts";
import { monitoringObjects } from "./monitoring/monitoring.ts";
import { policyObjects } from "./policy-map.ts";
import { serviceObjects } from "./services.ts";
import { statefulSet } from "./stateful-set.ts";

/** The namespace, which admits only pods of the Pod Security level `restricted`. */
export function namespaceObject(installation: Installation): Manifest {
  const level = "pod-security.kubernetes.io/enforce";
  const { labels, ...others } = marks(installation);
  const metadata = { name: installation.namespace, labels: { ...labels, [level]: "restricted" }, ...others };
  return { apiVersion: "v1", kind: "Namespace", metadata };
}

/** All objects except the namespace, ordered so that each comes after those that it uses. */
export function installObjects(installation: Installation): readonly Manifest[] {
  if (!installation.values.ca.enabled) return [];
  return [
    ...accessObjects(installation),
    ...policyObjects(installation),
    ...serviceObjects(installation),
    ...networkPolicy(installation),
    ...disruptionBudget(installation),
    statefulSet(installation),
    ...monitoringObjects(installation),
  ];
}

/** The objects as one YAML stream. */
export function renderObjects(objects: readonly Manifest[]): string {
  // Lines are never folded, so that people can compare them and a policy keeps its lines. kubectl reads YAML
  // 1.1, in which an unquoted `yes` is a boolean.
  const options = { lineWidth: 0, aliasDuplicateObjects: false, version: "1.1" } as const;
  return objects.map((object) => `---\n${stringify(object, options)}`).join("");
}
