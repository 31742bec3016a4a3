import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { rejectsWithCode, temporaryDirectory } from "@kasbah/testkit";
import { DirectoryLock } from "./directory-lock.ts";

const module = fileURLToPath(new URL("./directory-lock.ts", import.meta.url));

describe("The lock of a directory", () => {
  it("refuses a second holder and is free after the first lets go", async () => {
    await using directory = await temporaryDirectory();
    const [first, second] = [new DirectoryLock(directory.path), new DirectoryLock(directory.path)];
    await first.start();
    const error = await rejectsWithCode(second.start(), "STATE_LOCKED");
    assert.match(error.message, /stop it, or choose another/);
    await first.stop();
    await second.start();
    await second.stop();
  });

  it("holds against another process, and a killed one leaves it free", async () => {
    await using directory = await temporaryDirectory();
    const script = `
      import { DirectoryLock } from ${JSON.stringify(module)};
      const lock = new DirectoryLock(${JSON.stringify(directory.path)});
      await lock.start();
      process.stdout.write("held");
      setInterval(() => lock.name, 1000);`;
    const flags = ["--conditions=kasbah-source", "--input-type=module", "--eval", script];
    const holder = spawn(process.execPath, flags, {
      stdio: ["ignore", "pipe", "inherit"],
      cwd: fileURLToPath(new URL(".", import.meta.url)),
    });
    await once(holder.stdout, "data");
    const lock = new DirectoryLock(directory.path);
    await rejectsWithCode(lock.start(), "STATE_LOCKED");
    holder.kill("SIGKILL");
    await once(holder, "exit");
    await lock.start();
    await lock.stop();
  });
});
