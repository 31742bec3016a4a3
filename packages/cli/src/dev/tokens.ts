import { stat } from "node:fs/promises";
import { join } from "node:path";
import { createTokenIssuer, type DevTokenIssuer, loadTokenIssuer } from "@kasbah/certs-dev";
import type { WorkloadName } from "@kasbah/pki";
import { type Clock, errnoOf, writeFileDurably } from "@kasbah/runtime";
import { CliError } from "../errors.ts";

/** The issuer that the CA of a project trusts. */
export const devTokenIssuer = "https://kasbah-dev.invalid";

export const tokenLifetimeMs = 3_600_000;

export function jwksPathIn(tokens: string): string {
  return join(tokens, "jwks.json");
}

/** Creates the issuer's key unless it exists. */
export async function ensureTokenIssuer(tokens: string): Promise<void> {
  if (await exists(jwksPathIn(tokens))) return;
  await (await createTokenIssuer({ issuer: devTokenIssuer })).save(tokens);
}

/** @throws CliError `DEV_FOLDER_UNUSABLE` */
export async function loadIssuer(tokens: string): Promise<DevTokenIssuer> {
  try {
    return await loadTokenIssuer(tokens);
  } catch (cause) {
    throw new CliError(
      "DEV_FOLDER_UNUSABLE",
      `${tokens} contains no key to sign tokens with: run kasbah dev down --purge, then kasbah dev up`,
      { cause },
    );
  }
}

/** The token of one identity, as Kubernetes would mount it into a pod. */
export interface TokenOrder {
  readonly identity: WorkloadName;
  readonly clock: Clock;
  readonly audience?: string;
}

export function mintToken(
  issuer: DevTokenIssuer,
  { identity, clock, audience = "istio-ca" }: TokenOrder,
): Promise<string> {
  return issuer.mint({ ...identity, audience, lifetimeMs: tokenLifetimeMs, now: clock.now() });
}

/** Replaces the file at once, because the agent may read it at any time. */
export async function writeToken(path: string, token: string): Promise<void> {
  await writeFileDurably(path, token, 0o600);
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return false;
    throw error;
  }
}
