import { stringify } from "yaml";
import { accessObjects } from "./access.ts";
import { disruptionBudget, networkPolicy } from "./guards.ts";
import { type Installation, objectLabels } from "./installation.ts";
import type { Manifest } from "./manifest.ts";
import { monitoringObjects } from "./monitoring.ts";
import { policyObjects } from "./policy-map.ts";
import { serviceObjects } from "./services.ts";
import { statefulSet } from "./stateful-set.ts";

/** The namespace, in which nothing may run that Pod Security's level `restricted` does not admit. */
export function namespaceObject(installation: Installation): Manifest {
  const level = "pod-security.kubernetes.io/enforce";
  const labels = { ...objectLabels(installation), [level]: "restricted" };
  return { apiVersion: "v1", kind: "Namespace", metadata: { name: installation.namespace, labels } };
}

/** All that lies in the namespace or belongs to it, in an order in which each finds what it needs. */
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
  // Lines are never folded: a person compares them, and a policy keeps the lines that it has.
  // kubectl reads YAML 1.1, in which a bare yes is no text.
  const options = { lineWidth: 0, aliasDuplicateObjects: false, version: "1.1" } as const;
  return objects.map((object) => `---\n${stringify(object, options)}`).join("");
}
