import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { systemClock } from "@kasbah/runtime";
import { temporaryDirectory } from "@kasbah/testkit";
import { DevStore } from "./dev-store.ts";
import { devLayoutOf } from "./layout.ts";

const here = (file: string) => JSON.stringify(fileURLToPath(new URL(file, import.meta.url)));

/** Adds ten records, one at a time. */
const writer = `
  import { DevStore } from ${here("./dev-store.ts")};
  import { devLayoutOf } from ${here("./layout.ts")};
  const clock = { now: () => new Date(), monotonicMs: () => performance.now(), sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)) };
  const [folder, name] = process.argv.slice(1);
  const store = new DevStore(devLayoutOf(folder), { clock, trustDomain: "td" });
  for (let i = 0; i < 10; i++)
    await store.update((found) => ({ ...found, certificates: [...found.certificates, { name: name + i, directory: "/", notAfter: "" }] }));
`;

describe("DevStore", () => {
  it("keeps the records of four commands that write at the same time", async () => {
    await using directory = await temporaryDirectory();
    const flags = ["--conditions=kasbah-source", "--input-type=module", "--eval", writer];
    const cwd = fileURLToPath(new URL(".", import.meta.url));
    const writers = ["a", "b", "c", "d"].map((name) =>
      promisify(execFile)(process.execPath, [...flags, directory.path, name], { cwd }),
    );
    await Promise.all(writers);
    const store = new DevStore(devLayoutOf(directory.path), { clock: systemClock, trustDomain: "other" });
    const { certificates, trustDomain } = await store.read();
    assert.equal(new Set(certificates.map(({ name }) => name)).size, 40);
    assert.equal(trustDomain, "td");
  });

  it("changes nothing if the change fails, and is not locked afterwards", async () => {
    await using directory = await temporaryDirectory();
    const store = new DevStore(devLayoutOf(directory.path), { clock: systemClock, trustDomain: "td" });
    await store.update((found) => found);
    const failing = store.update(() => {
      throw new RangeError("no");
    });
    await assert.rejects(failing, RangeError);
    assert.deepEqual((await store.update((found) => found)).runs, []);
  });
});
