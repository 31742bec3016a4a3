import assert from "node:assert/strict";
import { type Secret, secretTypeUrl, streamSecrets } from "@kasbah/protocol";
import { GrpcChannel } from "@kasbah/runtime/grpc";

/** Asks an agent's socket for `default`, once, as Envoy does. */
export async function fetchSecret(unixPath: string): Promise<Extract<Secret, { kind: "tlsCertificate" }>> {
  const channel = new GrpcChannel({ unixPath });
  try {
    const stream = channel.stream(streamSecrets);
    const first = { versionInfo: "", responseNonce: "", nodeId: "test", typeUrl: secretTypeUrl };
    stream.send({ ...first, resourceNames: ["default"] });
    for await (const { resources } of stream.responses) {
      const [secret] = resources;
      assert.ok(secret?.kind === "tlsCertificate");
      return secret;
    }
    throw new Error("the stream ended without an answer");
  } finally {
    channel.close();
  }
}
