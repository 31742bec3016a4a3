import { MeshError } from "@kasbah/pki";
import { AgentError } from "../errors.ts";
import type { SecretStore } from "../secret/secret-store.ts";
import type { RotationRequests } from "../secret/supply.ts";
import type { RotateReply } from "./rotate-method.ts";

/** The files of `--output-certs`, if there are any. */
export interface SettledFiles {
  /** Resolves once the files show the served secret, or with the reason why they cannot. */
  settled(signal: AbortSignal): Promise<string | undefined>;
}

export interface AnswerRotateDeps {
  readonly demand: RotationRequests | undefined;
  readonly store: SecretStore;
  readonly files: SettledFiles;
}

/** Waits for one attempt and reports its outcome. */
export async function answerRotate(
  { demand, store, files }: AnswerRotateDeps,
  signal: AbortSignal,
): Promise<RotateReply> {
  const oldSerial = store.current?.leaf.serial ?? null;
  if (demand === undefined) return { ...unsupported, serial: oldSerial };
  const outcome = await demand.request(signal);
  if ("secret" in outcome) {
    const { spiffeId, leaf, notAfter } = outcome.secret;
    const filesProblem = await files.settled(signal);
    return {
      rotated: true,
      spiffeId: spiffeId.toString(),
      oldSerial,
      serial: leaf.serial,
      notAfter: notAfter.toISOString(),
      filesProblem,
    };
  }
  const { error, code, retryInMs } = outcome.failure;
  return {
    rotated: false,
    code,
    message: error instanceof MeshError ? error.message : "internal error",
    fix: error instanceof AgentError ? error.refusal?.fix : undefined,
    retryInMs: Math.round(retryInMs),
    serial: store.current?.leaf.serial ?? null,
  };
}

const unsupported = {
  rotated: false,
  code: "ROTATION_UNSUPPORTED",
  message: "the agent serves mounted certificates, which another program renews; ask that program",
  retryInMs: null,
} as const;
