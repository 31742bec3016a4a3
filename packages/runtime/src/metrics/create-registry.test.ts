import assert from "node:assert/strict";
import { createRegistry } from "./create-registry.ts";

describe("createRegistry", () => {
  it("exposes name and version, and no other input", async () => {
    const command = { name: "kasbah-test", version: "1.2.3", summary: "a daemon with a summary" };
    const text = await createRegistry(command).metrics();
    assert.match(text, /^kasbah_build_info\{name="kasbah-test",version="1\.2\.3"\} 1$/m);
    assert.doesNotMatch(text, /with a summary/);
  });

  it("exposes the metrics of the process", async () => {
    const text = await createRegistry({ name: "kasbah-test", version: "0" }).metrics();
    assert.match(text, /^process_resident_memory_bytes \d+$/m);
    for (const name of ["start_time_seconds", "open_fds", "max_fds", "virtual_memory_bytes"])
      assert.match(text, new RegExp(`^process_${name} [1-9]`, "m"), name);
    assert.match(text, /^process_cpu_seconds_total \d/m);
  });
});
