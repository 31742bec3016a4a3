import { readFileSync } from "node:fs";
import { ConfigInvalidError } from "@kasbah/runtime";
import { z } from "zod";
import { generatedFile } from "../../shipped-files.ts";
import type { ValuesInput } from "./values.ts";

const namesSchema = z.object({ registry: z.string(), serverImage: z.string() });

const host = "[a-z0-9]([-a-z0-9.]*[a-z0-9])?(:[0-9]{1,5})?";
const registryPattern = new RegExp(`^${host}(/[a-z0-9]+([._-]+[a-z0-9]+)*)*$`);

/**
 * Parses the registry of the images: a host, with an optional port and path. Empty stays empty.
 *
 * @throws ConfigInvalidError that names the flag, the variable or the file that set it
 */
export function parseRegistry(source: string, text: string): string {
  if (text === "" || registryPattern.test(text)) return text;
  const expected = "expected a host with an optional port and path, such as registry.example/team";
  throw new ConfigInvalidError([`${source} is ${JSON.stringify(text)}: ${expected}`]);
}

/**
 * The values that the registry sets: the CA's image. The flag takes precedence over the variable, which takes precedence over the names
 * of this release.
 *
 * @throws ConfigInvalidError if the registry is invalid
 */
export function registryValues(flag: string | undefined, variable: string | undefined): ValuesInput {
  const names = namesSchema.parse(JSON.parse(readFileSync(generatedFile("names.json"), "utf8")));
  const registry =
    flag === undefined
      ? parseRegistry("KASBAH_REGISTRY", variable || names.registry)
      : parseRegistry("--registry", flag);
  return registry === "" ? {} : { image: { repository: `${registry}/${names.serverImage}` } };
}
