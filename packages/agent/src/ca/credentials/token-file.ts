import { Secret } from "@kasbah/runtime";
import { AgentError } from "../../errors.ts";
import { parseTokenExpiry } from "../../identity.ts";
import { readOperatorFile, UnreadableFileError } from "../../operator-file.ts";

const maxTokenBytes = 16 * 1024;

/**
 * Reads the service account token. It is read for every call because the kubelet replaces it by swapping a
 * symlink, and a token kept in memory would expire. Throws TOKEN_UNREADABLE or TOKEN_EMPTY.
 */
export async function readToken(path: string): Promise<Secret> {
  const token = (await read(path)).trim();
  if (token === "")
    throw new AgentError("TOKEN_EMPTY", `the token file ${path} is empty; check that the volume is mounted`);
  // A line break would end the header that carries the token.
  if (!isVisibleAscii(token)) {
    throw new AgentError(
      "TOKEN_UNREADABLE",
      `the token file ${path} contains characters that are not allowed in a token`,
    );
  }
  return new Secret(token);
}

/** Tolerance for clock skew and for the duration of the call. */
const expiryLeewayMs = 5_000;

/**
 * Throws TOKEN_EXPIRED if the token's `exp` has passed, instead of sending a token that the CA would reject.
 * `exp` is read without verifying the token; a token that is not a JWT is left to the CA.
 */
export function refuseExpiredToken(token: Secret, path: string, now: Date): void {
  const expiresAt = parseTokenExpiry(token.reveal());
  if (expiresAt === undefined) return;
  const agoMs = now.getTime() - expiresAt.getTime();
  if (agoMs < expiryLeewayMs) return;
  const fix = "find out why the kubelet does not renew it, and check the local clock";
  const message = `the token in ${path} expired ${Math.floor(agoMs / 1_000)} s ago; ${fix}`;
  throw new AgentError("TOKEN_EXPIRED", message);
}

async function read(path: string): Promise<string> {
  try {
    const hint = "mount a service account token there, or set --token-file";
    return await readOperatorFile(path, maxTokenBytes, hint);
  } catch (error) {
    if (!(error instanceof UnreadableFileError)) throw error;
    throw new AgentError("TOKEN_UNREADABLE", `cannot read the token file ${error.message}`, {
      cause: error.cause,
    });
  }
}

function isVisibleAscii(text: string): boolean {
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code < 0x21 || code > 0x7e) return false;
  }
  return true;
}
