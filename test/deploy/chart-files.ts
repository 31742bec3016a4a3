import { stringify } from "yaml";
import { alertGroups } from "../../packages/cli/src/install/objects/monitoring/alert-rules.ts";
import { profiles } from "../../packages/cli/src/install/values/profiles.ts";
import { defaultValues, valuesJsonSchema } from "../../packages/cli/src/install/values/values.ts";
import { readText } from "../harness/chart/yaml.ts";

const chart = "deploy/helm/kasbah";

/** The files generated from the sources of `kasbah install`, by path from the root of the repository. */
export function chartFiles(): ReadonlyMap<string, string> {
  const alerts = toYaml({ groups: alertGroups(defaultValues.prometheusRule.runbookUrl) });
  const named = Object.entries(profiles).map(([name, { about, values }]): [string, string] => {
    const sentence = `${about.charAt(0).toUpperCase()}${about.slice(1)}`;
    return [`${chart}/profiles/${name}.yaml`, `# ${sentence}.\n${toYaml(values)}`];
  });
  return new Map([
    [`${chart}/values.schema.json`, `${JSON.stringify(valuesJsonSchema(), null, 2)}\n`],
    [`${chart}/files/alerts.yaml`, alerts],
    [`${chart}/files/defaults.yaml`, toYaml(defaultValues)],
    ["deploy/prometheus/alerts.yaml", alerts],
    [`${chart}/files/dashboard.json`, readText("deploy/grafana/kasbah.json")],
    ...named,
  ]);
}

function toYaml(value: unknown): string {
  return stringify(value, { lineWidth: 0, aliasDuplicateObjects: false });
}
