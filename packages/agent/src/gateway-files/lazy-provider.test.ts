import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { systemClock, watchDirectory } from "@kasbah/runtime";
import { createTestAuthority, eventually, recordingLogger, temporaryDirectory } from "@kasbah/testkit";
import { AllowedDirectories } from "./allowed-directories.ts";
import { LazyFileProvider } from "./lazy-provider.ts";
import { startFileProvider } from "./start-file-provider.ts";

const observer = { onServed: () => {}, onFailure: () => {} };

function fileNames(directory: string, loads: { count: number; fails?: boolean } = { count: 0 }) {
  const logger = recordingLogger();
  const directories = new AllowedDirectories([directory], [], ["/etc/ssl/cert.pem"]);
  const load = async () => {
    loads.count += 1;
    if (loads.fails) throw new Error("no such module");
    return startFileProvider({ directories, observer, watchDirectory, clock: systemClock, logger });
  };
  return { names: new LazyFileProvider({ directories, load, logger }), logger };
}

describe("LazyFileProvider", () => {
  it("claims no path outside and no name of another family, without opening a file", () => {
    const loads = { count: 0 };
    const { names } = fileNames("/etc/certs", loads);
    for (const name of [
      "default",
      "ROOTCA",
      "kubernetes://shop",
      "file-root:/etc/shadow",
      "file-root:/etc/certs",
      "file-root:/etc/certs-of-others/root.pem",
      "file-root:/etc/certs/../shadow",
      "file-cert:/etc/certs/tls.crt~/etc/shadow",
      "file-cert:/etc/shadow~/etc/certs/tls.key",
      "file-cert:/etc/certs/tls.crt",
    ]) {
      assert.equal(names.claims(name), false, name);
    }
    for (const name of [
      "file-root:system",
      "file-root:/etc/certs/root.pem",
      "file-root:/etc/ssl/cert.pem",
      "file-cert:/etc/certs/a/tls.crt~/etc/certs/a/tls.key",
    ]) {
      assert.ok(names.claims(name), name);
    }
    assert.equal(names.current("file-root:system"), undefined);
    assert.equal(names.health, undefined);
    assert.equal(loads.count, 0);
  });

  it("loads the provider once, for the first watched name, and notifies when it has a secret", async () => {
    await using home = await temporaryDirectory();
    const { rootPem } = await createTestAuthority();
    await writeFile(home.join("root.pem"), rootPem);
    const loads = { count: 0 };
    const { names } = fileNames(home.path, loads);
    const name = `file-root:${home.join("root.pem")}`;
    let told = 0;
    for (let i = 0; i < 3; i += 1) names.watch(name, () => told++);
    names.watch(name, () => assert.fail("notified after it unsubscribed"))();
    await eventually(() => told === 3);
    assert.equal(names.current(name)?.name, name);
    assert.deepEqual(
      names.health?.judged(new Map()).map(({ name, conditions }) => [name, conditions]),
      [[name, []]],
    );
    assert.equal(loads.count, 1);
    await names.stop();
  });

  it("logs an error if the provider cannot be loaded, and retries with the next name", async () => {
    await using home = await temporaryDirectory();
    const loads = { count: 0, fails: true };
    const { names, logger } = fileNames(home.path, loads);
    names.watch("file-root:system", () => {});
    await eventually(() => logger.events.length === 1);
    loads.fails = false;
    const leave = names.watch("file-root:system", () => {});
    await eventually(() => loads.count === 2);
    leave();
    await names.stop();
  });
});
