import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import {
  type FakeKubernetesApi,
  rejectsWithCode,
  startFakeKubernetesApi,
  type TemporaryDirectory,
  temporaryDirectory,
} from "@kasbah/testkit";
import { AddressRules } from "../../outbound/address-rules.ts";
import { KubernetesClient } from "../api/api-client.ts";
import { readIssuerKeys } from "./issuer-keys.ts";

describe("readIssuerKeys", () => {
  let directory: TemporaryDirectory;
  let api: FakeKubernetesApi;
  let client: KubernetesClient;

  before(async () => {
    directory = await temporaryDirectory();
    api = await startFakeKubernetesApi();
    await writeFile(directory.join("ca.pem"), api.rootPem);
    await writeFile(directory.join("token"), "own");
    client = new KubernetesClient({
      ...{ server: api.url, caFile: directory.join("ca.pem"), tokenFile: directory.join("token") },
      addressRules: new AddressRules([{ address: "127.0.0.1", prefix: 32 }]),
    });
  });

  after(async () => {
    await api.close();
    await directory.remove();
  });

  it("reads the key set as the CA, in the only media type that an API server offers", async () => {
    api.jwks = { keys: [] };
    assert.equal(await readIssuerKeys(client), '{"keys":[]}');
    assert.equal(api.calls.at(-1)?.authorization, "Bearer own");
  });

  it("names the missing role if the API server denies the key set", async () => {
    api.jwks = undefined;
    const error = await rejectsWithCode(readIssuerKeys(client), "JWKS_UNUSABLE");
    assert.match(error.message, /answered 403.*system:service-account-issuer-discovery/);
  });
});
