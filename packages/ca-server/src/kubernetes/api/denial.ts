import { z } from "zod";
import type { HttpsReply } from "../../outbound/https-exchange.ts";

/** What denies a request that RBAC allows. The names are those of Kubernetes objects and quote nothing else. */
const denials: readonly (readonly [RegExp, (name: string) => string])[] = [
  [
    /(?:exceeded|failed) quota: ([a-z0-9.-]{1,253})/,
    (name) => `the ResourceQuota ${name} of its namespace does not allow it: raise the quota`,
  ],
  [
    /admission webhook "([a-z0-9.-]{1,253})"/,
    (name) => `the admission webhook ${name} denies it: exempt the CA's objects from it`,
  ],
  [
    /ValidatingAdmissionPolicy '([a-z0-9.-]{1,253})'/,
    (name) => `the ValidatingAdmissionPolicy ${name} denies it: exempt the CA's objects from it`,
  ],
];

const statusSchema = z.object({ message: z.string() });

/** Returns what denied a request although a role allows it, with the fix; undefined if a role may be missing. */
export function admissionDenial({ status, body }: Pick<HttpsReply, "status" | "body">): string | undefined {
  // Webhooks choose their status.
  if (status < 400 || status >= 500) return undefined;
  const message = messageOf(body);
  for (const [pattern, describe] of denials) {
    const name = pattern.exec(message)?.[1];
    if (name !== undefined) return describe(name);
  }
  return undefined;
}

function messageOf(body: string): string {
  try {
    return statusSchema.parse(JSON.parse(body)).message;
  } catch {
    return "";
  }
}
