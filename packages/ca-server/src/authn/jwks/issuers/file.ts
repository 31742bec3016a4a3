import { readFile } from "node:fs/promises";
import { parseTrustDomain, type TrustDomain } from "@kasbah/pki";
import { describeReadFailure } from "@kasbah/runtime/read-failure";
import { readYamlDocument } from "@kasbah/runtime/yaml";
import { z } from "zod";
import { anyName, namespacePatterns, serviceAccountPatterns } from "../../../admission/policy/patterns.ts";
import { hasCredentials, type JwksLocation, parseJwksLocation } from "../../../config/callers.ts";
import { TokenIssuersError } from "../../../errors.ts";
import { type ProxySetting, parseProxySetting } from "../../../outbound/proxy/proxy-setting.ts";
import { discoveryUrl } from "../discovery.ts";
import { tokenAlgorithms } from "../key-set.ts";
import type { IssuerScope } from "./scope.ts";

/** Where the keys of an issuer come from; `discovery` starts at the URL of the issuer's configuration. */
type IssuerKeys = JwksLocation | { readonly kind: "discovery"; readonly url: URL };

/** The configuration of one token issuer. */
export interface ConfiguredIssuer {
  readonly issuer: string;
  readonly keys: IssuerKeys;
  readonly audiences: readonly string[];
  readonly algorithms: readonly string[];
  readonly caFile: string | undefined;
  readonly tokenFile: string | undefined;
  /** If undefined, the flag decides. */
  readonly proxy: ProxySetting | undefined;
  /** The workloads that the issuer may name; undefined for all. */
  readonly scope: IssuerScope | undefined;
  /** The trust domains whose workloads it may name; undefined for those of every CA that reads the file. */
  readonly trustDomains: readonly string[] | undefined;
}

/** What a list of issuers must contain at a start; a running CA obeys an operator who removes the last one. */
export interface IssuersFileNeeds {
  readonly trustDomain: TrustDomain;
  /** Whether the CA has no other way to authenticate callers by a token. */
  readonly needsIssuer: boolean;
  /** The issuer that `--token-issuer` names; its settings come before those of the file. */
  readonly issuerOfFlag: string | undefined;
}

/** A schema of texts that `parse` accepts; the message of its error becomes the problem. */
const parsedBy = <T>(parse: (text: string) => T) =>
  z.string().transform((text, context): T => {
    try {
      return parse(text);
    } catch (error) {
      context.addIssue({ code: "custom", message: error instanceof Error ? error.message : "malformed" });
      return z.NEVER;
    }
  });

const path = z.string().min(1);

const issuerSchema = z.strictObject({
  issuer: z.string().min(1),
  jwks: parsedBy(parseLocation).optional(),
  audiences: z.array(z.string().min(1)).min(1),
  algorithms: z
    .array(z.enum(tokenAlgorithms))
    .min(1)
    .default([...tokenAlgorithms]),
  caFile: path.optional(),
  tokenFile: path.optional(),
  proxy: parsedBy(parseProxySetting).optional(),
  namespaces: namespacePatterns.optional(),
  serviceAccounts: serviceAccountPatterns.optional(),
  trustDomains: z
    .array(parsedBy((text) => parseTrustDomain(text).name))
    .min(1)
    .optional(),
});

type ReadIssuer = z.infer<typeof issuerSchema>;

const issuersSchema = z
  .strictObject({
    version: z.literal(1, "expected version: 1"),
    issuers: z.array(issuerSchema).max(100),
  })
  .superRefine(({ issuers }, context) => {
    for (const [index, read] of issuers.entries()) {
      const isRepeated = issuers.findIndex(({ issuer }) => issuer === read.issuer) !== index;
      const problems = isRepeated ? [["issuer", "is listed twice"] as const] : [];
      for (const [name, message] of [...problems, ...keyProblems(read)]) {
        context.addIssue({ code: "custom", path: ["issuers", index, name], message });
      }
    }
  });

/** Loads the file of `--token-issuers`. @throws TokenIssuersError with every problem and its line */
export async function loadTokenIssuers(
  file: string,
  needs?: IssuersFileNeeds,
): Promise<readonly ConfiguredIssuer[]> {
  const outcome = readYamlDocument(file, await readText(file), issuersSchema);
  if (!outcome.ok) throw invalid(file, outcome.problems);
  const issuers = outcome.value.issuers.map(configuredIssuer);
  const problems = needs === undefined ? [] : problemsFor(issuers, needs);
  if (problems.length > 0)
    throw invalid(
      file,
      problems.map((problem) => `${file}: ${problem}`),
    );
  return issuers;
}

/** Whether an issuer may name workloads of this trust domain at all. */
export function serves({ trustDomains }: ConfiguredIssuer, { name }: TrustDomain): boolean {
  return trustDomains?.includes(name) ?? true;
}

function configuredIssuer(read: ReadIssuer): ConfiguredIssuer {
  const { issuer, jwks, audiences, algorithms, caFile, tokenFile, proxy, trustDomains } = read;
  const keys: IssuerKeys = jwks ?? { kind: "discovery", url: discoveryUrl(issuer) };
  const scope = scopeOf(read);
  return { issuer, keys, audiences, algorithms, caFile, tokenFile, proxy, scope, trustDomains };
}

function scopeOf({ namespaces, serviceAccounts }: ReadIssuer): IssuerScope | undefined {
  if (namespaces === undefined && serviceAccounts === undefined) return undefined;
  return { namespaces: namespaces ?? anyName, serviceAccounts: serviceAccounts ?? anyName };
}

function parseLocation(text: string): JwksLocation {
  const location = parseJwksLocation(text);
  if (location.kind === "file" || !hasCredentials(location.url)) return location;
  throw new Error("contains credentials; use tokenFile");
}

function keyProblems(read: ReadIssuer): readonly (readonly ["jwks", string])[] {
  const { issuer, jwks, caFile, tokenFile, proxy } = read;
  if (jwks === undefined) {
    const problem = discoveryProblem(issuer);
    return problem === undefined ? [] : [["jwks", problem]];
  }
  const isUseless = jwks.kind === "file" && (caFile ?? tokenFile ?? proxy) !== undefined;
  return isUseless ? [["jwks", "is a file, which needs no caFile, tokenFile or proxy"]] : [];
}

function discoveryProblem(issuer: string): string | undefined {
  try {
    discoveryUrl(issuer);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : "malformed";
  }
}

function problemsFor(
  issuers: readonly ConfiguredIssuer[],
  { trustDomain, needsIssuer, issuerOfFlag }: IssuersFileNeeds,
): readonly string[] {
  const again = issuers.find(({ issuer }) => issuer === issuerOfFlag);
  if (again?.scope !== undefined || again?.trustDomains !== undefined) {
    return [`the scope of ${again.issuer} has no effect beside --token-issuer; remove the flag`];
  }
  if (issuers.length > 0 && !issuers.some((each) => serves(each, trustDomain))) {
    return [`no issuer is for the trust domain ${trustDomain.name}; add it to their trustDomains`];
  }
  if (issuers.length > 0 || !needsIssuer) return [];
  return ["issuers is empty, and the CA has no other way to authenticate tokens"];
}

function invalid(file: string, problems: readonly string[]): TokenIssuersError {
  return new TokenIssuersError(`${file} is not a valid list of token issuers`, problems);
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    const problem = await describeReadFailure(file, cause, "mount it, or correct the path");
    throw new TokenIssuersError(`cannot read ${problem}`, [], { cause });
  }
}
