import assert from "node:assert/strict";
import { mkdir, readdir, symlink, writeFile } from "node:fs/promises";
import { temporaryDirectory } from "@kasbah/testkit";
import { purgeFolder } from "./stop-project.ts";

describe("purgeFolder", () => {
  it("deletes the keys behind a link, and the link", async () => {
    await using directory = await temporaryDirectory();
    await mkdir(directory.join("elsewhere"));
    await writeFile(directory.join("elsewhere/key.pem"), "a key");
    await symlink(directory.join("elsewhere"), directory.join(".kasbah"));
    await purgeFolder({ folder: directory.join(".kasbah") });
    assert.deepEqual(await readdir(directory.path), []);
  });
});
