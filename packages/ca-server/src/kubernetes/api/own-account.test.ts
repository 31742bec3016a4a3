import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { type TemporaryDirectory, temporaryDirectory } from "@kasbah/testkit";
import { readOwnAccount } from "./own-account.ts";

describe("readOwnAccount", () => {
  let directory: TemporaryDirectory;

  before(async () => {
    directory = await temporaryDirectory();
  });
  after(() => directory.remove());

  async function read(text: string) {
    await writeFile(directory.join("token"), text);
    return readOwnAccount(directory.join("token"));
  }
  const tokenOf = (claims: unknown) =>
    `e30.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.c2ln\n`;

  it("reads the issuer and the UID of the account from a token of Kubernetes", async () => {
    const serviceaccount = { name: "kasbah", uid: "one" };
    const claims = {
      iss: "https://cluster.test",
      "kubernetes.io": { namespace: "kasbah-system", serviceaccount },
    };
    assert.deepEqual(await read(tokenOf(claims)), { issuer: "https://cluster.test", uid: "one" });
  });

  it("names no account for any other token, or without a file", async () => {
    const unknown = { issuer: undefined, uid: undefined };
    for (const text of ["", "opaque", "a.b.c", tokenOf([]), tokenOf({ iss: 1 })])
      assert.deepEqual(await read(text), unknown, text);
    assert.deepEqual(await readOwnAccount(directory.join("missing")), unknown);
    assert.deepEqual(await read(tokenOf({ iss: "https://vm.test" })), {
      issuer: "https://vm.test",
      uid: undefined,
    });
  });
});
