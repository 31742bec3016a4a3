import { Secret } from "@kasbah/runtime";
import { readBoundedFile } from "../../bounded-file.ts";
import { AgentError } from "../../errors.ts";
import { parseTokenExpiry } from "../../identity.ts";

const maxTokenBytes = 16 * 1024;

/**
 * Reads the service account token, anew for every call: kubelet replaces it by swapping a symlink, and a token held in
 * memory outlives its `exp`. Throws TOKEN_UNREADABLE or TOKEN_EMPTY.
 */
export async function readToken(path: string): Promise<Secret> {
  const token = (await read(path)).trim();
  if (token === "")
    throw new AgentError("TOKEN_EMPTY", `the token file ${path} is empty; is the volume mounted?`);
  // A line break would end the header that carries the token.
  if (!isVisibleAscii(token)) {
    throw new AgentError("TOKEN_UNREADABLE", `the token file ${path} holds characters that no token has`);
  }
  return new Secret(token);
}

/** Clocks differ a little, and a call takes its time. */
const expiryLeewayMs = 5_000;

/**
 * Throws TOKEN_EXPIRED for a token whose `exp` has passed, so that it need not be sent to be refused. `exp` is read without
 * verifying the token; one that is no JWT is the CA's to judge.
 */
export function refuseExpiredToken(token: Secret, path: string, now: Date): void {
  const expiresAt = parseTokenExpiry(token.reveal());
  if (expiresAt === undefined) return;
  const agoMs = now.getTime() - expiresAt.getTime();
  if (agoMs < expiryLeewayMs) return;
  const fix = "see why kubelet does not renew it, or whether the local clock is right";
  const message = `the token in ${path} expired ${Math.floor(agoMs / 1_000)} s ago; ${fix}`;
  throw new AgentError("TOKEN_EXPIRED", message);
}

async function read(path: string): Promise<string> {
  try {
    return await readBoundedFile(path, maxTokenBytes);
  } catch (cause) {
    const hint = "mount a service account token there, or name its file with --token-file";
    throw new AgentError("TOKEN_UNREADABLE", `the token file ${path} cannot be read; ${hint}`, { cause });
  }
}

function isVisibleAscii(text: string): boolean {
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code < 0x21 || code > 0x7e) return false;
  }
  return true;
}
