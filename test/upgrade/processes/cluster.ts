import { writeFile } from "node:fs/promises";
import { type FakeObject, startFakeKubernetesStore, temporaryDirectory } from "@kasbah/testkit";

const namespace = "kasbah-system";
const secretName = "kasbah-ca";
const isAllowed = { kind: "SelfSubjectAccessReview", status: { allowed: true } };

/** A Kubernetes API in which replicas of a CA share their keys and state. */
export interface FakeCluster extends AsyncDisposable {
  /** The flags with which a replica uses the shared Secret. */
  caFlags(podName: string): readonly string[];
  /** The shared Secret, once a replica has created it. */
  secret(): FakeObject | undefined;
}

export async function startFakeCluster(): Promise<FakeCluster> {
  const directory = await temporaryDirectory();
  const tokenFile = directory.join("token");
  await writeFile(tokenFile, "token-of-the-ca");
  const store = await startFakeKubernetesStore();
  store.objects.write("namespaces", { metadata: { name: namespace } });
  store.trouble = ({ path }) =>
    path.includes("/selfsubjectaccessreviews") ? { status: 201, body: JSON.stringify(isAllowed) } : undefined;
  const api = ["--kubernetes-api", store.url.href, "--kubernetes-ca-file", store.caFile];
  const access = ["--kubernetes-token-file", tokenFile, "--allow-address", "127.0.0.1"];
  const place = ["--namespace", namespace, "--state-secret", secretName];
  return {
    caFlags: (podName) => [...api, ...access, ...place, "--pod-name", podName],
    secret: () => store.objects.get("secrets", namespace, secretName),
    [Symbol.asyncDispose]: async () => {
      await store.close();
      await directory.remove();
    },
  };
}
