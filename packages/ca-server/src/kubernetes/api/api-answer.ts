import { z } from "zod";
import type { HttpsReply } from "../../outbound/https-exchange.ts";
import { admissionDenial } from "./denial.ts";

/** The API server answered with a status other than success. */
export class ApiAnswerError extends Error {
  readonly status: number;
  readonly retryAfterMs: number | undefined;

  constructor(reply: HttpsReply, asked: string) {
    const { status, retryAfterMs } = reply;
    super(`the API server answered ${status} to ${asked}${hintFor(reply)}`);
    this.name = "ApiAnswerError";
    this.status = status;
    this.retryAfterMs = retryAfterMs;
  }
}

/** Without a known denial, a missing role is the most common cause of a 403. */
function hintFor(reply: HttpsReply): string {
  const denial = admissionDenial(reply);
  if (denial !== undefined) return `; ${denial}`;
  const isDenied = reply.status === 401 || reply.status === 403;
  return isDenied ? "; grant the CA's service account the missing role" : "";
}

/**
 * Returns the JSON of a successful response. @throws ApiAnswerError, or Error if it is not JSON; neither
 * contains the body
 */
export function readAnswer(reply: HttpsReply, asked: string): unknown {
  if (reply.status !== 200 && reply.status !== 201) throw new ApiAnswerError(reply, asked);
  try {
    return JSON.parse(reply.body);
  } catch {
    throw new Error(`the API server's response to ${asked} is not JSON`);
  }
}

const statusSchema = z.object({
  details: z.object({ causes: z.array(z.object({ reason: z.string().optional() })) }),
});

/** Whether a write was refused because its namespace is terminating. Any other 403 lasts. */
export function isNamespaceTerminating({ status, body }: HttpsReply): boolean {
  if (status !== 403) return false;
  try {
    const { details } = statusSchema.parse(JSON.parse(body));
    return details.causes.some(({ reason }) => reason === "NamespaceTerminating");
  } catch {
    return false;
  }
}
