import { readFile } from "node:fs/promises";
import { readYamlDocument } from "@kasbah/runtime/yaml";
import { z } from "zod";
import { hasCredentials, type JwksLocation, parseJwksLocation } from "../../config/callers.ts";
import { TokenIssuersError } from "../../errors.ts";
import { tokenAlgorithms } from "./key-set.ts";

/** The configuration of one token issuer. */
export interface ConfiguredIssuer {
  readonly issuer: string;
  readonly jwks: JwksLocation;
  readonly audiences: readonly string[];
  readonly algorithms: readonly string[];
  readonly caFile: string | undefined;
  readonly tokenFile: string | undefined;
}

const jwks = z.string().transform((text, context): JwksLocation => {
  try {
    const location = parseJwksLocation(text);
    if (location.kind === "file" || !hasCredentials(location.url)) return location;
    context.addIssue({ code: "custom", message: "contains credentials; use tokenFile" });
  } catch (error) {
    context.addIssue({ code: "custom", message: error instanceof Error ? error.message : "malformed" });
  }
  return z.NEVER;
});

const path = z.string().min(1);

const issuersSchema = z
  .strictObject({
    version: z.literal(1, "expected version: 1"),
    issuers: z
      .array(
        z.strictObject({
          issuer: z.string().min(1),
          jwks,
          audiences: z.array(z.string().min(1)).min(1),
          algorithms: z
            .array(z.enum(tokenAlgorithms))
            .min(1)
            .default([...tokenAlgorithms]),
          caFile: path.optional(),
          tokenFile: path.optional(),
        }),
      )
      .min(1)
      .max(100),
  })
  .superRefine(({ issuers }, context) => {
    for (const [index, { issuer, jwks: from, caFile, tokenFile }] of issuers.entries()) {
      const at = (name: string) => ["issuers", index, name];
      if (issuers.findIndex((other) => other.issuer === issuer) !== index) {
        context.addIssue({ code: "custom", path: at("issuer"), message: "is listed twice" });
      }
      if (from.kind === "file" && (caFile ?? tokenFile) !== undefined) {
        context.addIssue({
          code: "custom",
          path: at("jwks"),
          message: "is a file, which needs no caFile or tokenFile",
        });
      }
    }
  });

/** Loads the file of `--token-issuers`. @throws TokenIssuersError with every problem and its line */
export async function loadTokenIssuers(file: string): Promise<readonly ConfiguredIssuer[]> {
  const outcome = readYamlDocument(file, await readText(file), issuersSchema);
  if (!outcome.ok)
    throw new TokenIssuersError(`${file} is not a valid list of token issuers`, outcome.problems);
  return outcome.value.issuers.map(({ caFile, tokenFile, ...rest }) => ({ ...rest, caFile, tokenFile }));
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    throw new TokenIssuersError(`${file} cannot be read`, [], { cause });
  }
}
