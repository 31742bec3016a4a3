import { readFileSync } from "node:fs";
import { ConfigInvalidError } from "@kasbah/runtime";
import { parseRegistry } from "../packages/cli/src/install/values/registry.ts";

/** The names under which a release is published. `names.json` next to this file is their only place. */
export interface Names {
  /** Host, port and path of an image registry; empty if none is set. */
  readonly registry: string;
  readonly serverImage: string;
  readonly agentImage: string;
  /** The chart, below the registry. */
  readonly chart: string;
  readonly npm: string;
  /** The HTTPS address of the source repository; empty if none is set. */
  readonly repository: string;
}

/** The names as the file has them. */
export const writtenNames: Names = JSON.parse(readFileSync(new URL("names.json", import.meta.url), "utf8"));

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads the names. `--registry` takes precedence over `KASBAH_REGISTRY`, which takes precedence over the file, as
 * `KASBAH_REPOSITORY` does.
 *
 * @throws ConfigInvalidError if the registry or the repository is invalid
 */
export function readNames(env: Environment, flag?: string): Names {
  const registry =
    flag === undefined
      ? parseRegistry("KASBAH_REGISTRY", env["KASBAH_REGISTRY"] || writtenNames.registry)
      : parseRegistry("--registry", flag);
  return {
    ...writtenNames,
    registry,
    repository: parseRepository(env["KASBAH_REPOSITORY"] || writtenNames.repository),
  };
}

/** The name of an image or chart with the registry, if one is set. */
export function referenceIn(registry: string, name: string): string {
  return registry === "" ? name : `${registry}/${name}`;
}

function parseRepository(text: string): string {
  if (text === "" || /^https:\/\/[a-z0-9.-]+(:[0-9]+)?\/[\w./~-]*[\w~-]$/.test(text)) return text;
  const expected = "expected the address of the source, such as https://git.example/team/kasbah";
  throw new ConfigInvalidError([`KASBAH_REPOSITORY is ${JSON.stringify(text)}: ${expected}`]);
}
