import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { type TemporaryDirectory, temporaryDirectory } from "@kasbah/testkit";
import { type RotatedCa, startRotatedCa, writeRootFiles } from "../harness/fixed-roots.ts";
import { tlsClients } from "./fixed-roots/clients.ts";
import { envoyClient } from "./fixed-roots/envoy-client.ts";

/** A client that holds a root of another CA must refuse, or an acceptance would prove nothing. */
describe("CA after two rotations of its root, for clients whose root file is never updated", function () {
  this.timeout(300_000);
  let directory: TemporaryDirectory;
  let rotated: RotatedCa;
  let otherFile: string;
  let files: readonly string[];

  before(async () => {
    directory = await temporaryDirectory();
    rotated = await startRotatedCa(2);
    const other = await startRotatedCa(0);
    await other.ca.stop();
    files = await writeRootFiles(rotated.roots, directory.join);
    otherFile = directory.join("other.pem");
    await writeFile(otherFile, other.roots.join(""));
  });

  after(async () => {
    await rotated?.ca.stop();
    await directory.remove();
  });

  const clients = [...tlsClients(), { name: "Envoy", client: envoyClient }];
  for (const each of clients) {
    const skipped = "missing" in each ? ` (skipped: ${each.missing})` : "";
    it(`is accepted by ${each.name} with each of the three roots alone and with both orders of two${skipped}`, async function () {
      if ("missing" in each) return this.skip();
      const { port } = rotated.ca;
      assert.notEqual(await each.client(port, otherFile), "accepted");
      for (const file of files) assert.equal(await each.client(port, file), "accepted", file);
    });
  }
});
