import { z } from "zod";

/** The fields of a Secret (v1) that the CA uses. */
export interface SecretObject {
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly resourceVersion?: string | undefined;
  };
  readonly type?: string | undefined;
  readonly data?: Readonly<Record<string, string>> | undefined;
}

const schema = z.object({
  metadata: z.object({
    name: z.string(),
    namespace: z.string(),
    resourceVersion: z.string().optional(),
  }),
  type: z.string().optional(),
  data: z.record(z.string(), z.string()).optional(),
});

/** Parses the API server's response. @throws Error without any of its content, which may be a key */
export function readSecretObject(value: unknown): SecretObject {
  const secret = schema.safeParse(value);
  if (!secret.success) throw new Error("the API server's response is not a Secret");
  return secret.data;
}
