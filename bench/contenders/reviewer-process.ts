import { readFileSync } from "node:fs";
import { acceptedReview, startFakeKubernetesApi } from "@kasbah/testkit";
import type { ReviewerAddress } from "./reviewer.ts";

// Accepts every token and reports the pod in its claims, as an API server does after it has verified the signature.
const api = await startFakeKubernetesApi({
  verdict: ({ token, audiences }) => {
    const claims = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString());
    const { pod, node } = claims["kubernetes.io"];
    return acceptedReview(claims.sub, audiences, {
      "authentication.kubernetes.io/pod-name": [pod.name],
      "authentication.kubernetes.io/pod-uid": [pod.uid],
      "authentication.kubernetes.io/node-name": [node.name],
    });
  },
});
// The CA rejects tokens that these keys did not sign, and asks about the others.
api.jwks = JSON.parse(readFileSync(process.argv[2] ?? "", "utf8"));
process.on("disconnect", () => process.exit(0));
process.send?.({ url: api.url.href, rootPem: api.rootPem } satisfies ReviewerAddress);
