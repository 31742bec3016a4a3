import assert from "node:assert/strict";
import { addressesOf, interleave } from "./resolve.ts";

const four = (address: string) => ({ address, family: 4 });
const six = (address: string) => ({ address, family: 6 });

describe("addressesOf", () => {
  it("does not resolve an IP address, with or without a zone", async () => {
    const never = () => Promise.reject(new Error("must not resolve"));
    for (const host of ["10.0.0.1", "::1", "fe80::1%eth0"]) {
      assert.deepEqual(await addressesOf(host, never), [host]);
    }
  });

  it("alternates between the families, the preferred one first, and tries each address once", () => {
    const found = [six("::1"), six("::2"), six("::3"), six("::1"), four("10.0.0.1")];
    assert.deepEqual(interleave(found), ["::1", "10.0.0.1", "::2", "::3"]);
    assert.deepEqual(interleave([four("10.0.0.1"), six("::1"), four("10.0.0.2")]), [
      "10.0.0.1",
      "::1",
      "10.0.0.2",
    ]);
    assert.deepEqual(interleave([]), []);
  });

  it("resolves a name of this machine, and fails for one that does not exist or has no address", async () => {
    assert.ok((await addressesOf("localhost")).length > 0);
    await assert.rejects(
      addressesOf("ca.test", async () => []),
      { message: /ca\.test has no address/ },
    );
    await assert.rejects(addressesOf(`${"x".repeat(300)}.invalid`), { code: /^E/ });
  });
});
