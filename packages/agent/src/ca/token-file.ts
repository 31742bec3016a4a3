import { Secret } from "@kasbah/runtime";
import { AgentError } from "../errors.ts";
import { readBoundedFile } from "./bounded-file.ts";

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
