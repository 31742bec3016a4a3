import type { DevTokenIssuer } from "@kasbah/certs-dev";
import type { Clock } from "@kasbah/runtime";
import { mintToken, type TokenOrder, tokenLifetimeMs, writeToken } from "../tokens.ts";

/** Looks this often, because a laptop that slept wakes up with an expired token. */
const lookEveryMs = 30_000;

export interface TokenFile {
  readonly path: string;
  readonly issuer: DevTokenIssuer;
  readonly identity: TokenOrder["identity"];
}

/** Whether a token that was written at this time is past half of its lifetime, or the clock was set back. */
export function isTokenDue(writtenAt: Date, now: Date): boolean {
  const ageMs = now.getTime() - writtenAt.getTime();
  return ageMs < 0 || ageMs >= tokenLifetimeMs / 2;
}

/** Writes a token, and a new one long before each expires, until the signal. Rejects if one cannot be written. */
export async function keepToken(file: TokenFile, clock: Clock, signal: AbortSignal): Promise<void> {
  let writtenAt = clock.now();
  while (!signal.aborted) {
    await clock.sleep(lookEveryMs, signal).catch(() => undefined);
    if (signal.aborted || !isTokenDue(writtenAt, clock.now())) continue;
    await writeNewToken(file, clock);
    writtenAt = clock.now();
  }
}

export async function writeNewToken({ path, issuer, identity }: TokenFile, clock: Clock): Promise<void> {
  await writeToken(path, await mintToken(issuer, { identity, clock }));
}
