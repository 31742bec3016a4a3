import { profiles } from "../../../packages/cli/src/install/values/profiles.ts";
import type { ValuesInput } from "../../../packages/cli/src/install/values/values.ts";
import { testImage, version } from "./installations.ts";
import { type KubernetesObject, objectsIn, readText } from "./yaml.ts";

const directory = "test/fixtures/chart";
const { empty: _, ...installing } = profiles;

/** An installation from before the chart had its present values. */
interface EarlierInstallation {
  readonly name: string;
  readonly values: ValuesInput;
  /** What the chart created then, in the namespace `kasbah-system`. */
  readonly objects: readonly KubernetesObject[];
}

/** The installations whose objects an upgrade must not change. */
export function earlierInstallations(): readonly EarlierInstallation[] {
  const named: [string, ValuesInput][] = Object.entries(installing).map(([name, { values }]) => [
    name,
    { ...testImage, ...values },
  ]);
  const everything: ValuesInput = JSON.parse(readText(`${directory}/everything.values.json`));
  return [...named, ["everything", everything] as const].map(([name, values]) => ({
    name,
    values,
    objects: objectsIn(readText(`${directory}/${name}.yaml`).replaceAll("<version>", version)),
  }));
}
