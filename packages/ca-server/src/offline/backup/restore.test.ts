import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { FakeClock, rejectsWithCode, type TemporaryDirectory, temporaryDirectory } from "@kasbah/testkit";
import { dayMs, openOnDisk } from "../../authorities/authorities-on-disk.fixture.ts";
import { backupState } from "./backup.ts";
import { restoreState } from "./restore.ts";

interface Content {
  createdAt: string;
  state: {
    signerId: string;
    authorities: Record<string, unknown>[];
    requests?: { made: number; open: Record<string, unknown>[] };
    [field: string]: unknown;
  };
  authorities: Record<string, Record<string, string>>;
}

/** Anyone can create a checksum that matches. */
function encode(content: Content): string {
  const { createdAt, state, authorities } = content;
  const checksum = createHash("sha256")
    .update(JSON.stringify([createdAt, state, authorities]))
    .digest("hex");
  return JSON.stringify({ format: "kasbah-backup", version: 1, ...content, checksum });
}

describe("Restore of a crafted backup", () => {
  let directory: TemporaryDirectory;
  let clock: FakeClock;

  beforeEach(async () => {
    directory = await temporaryDirectory();
    clock = new FakeClock("2030-01-01T00:00:00Z");
  });
  afterEach(() => directory.remove());

  /** Replaces the backup of a CA by an altered one with a valid checksum. */
  async function craft(alter: (content: Content) => void): Promise<void> {
    await openOnDisk({ path: directory.join("ca"), clock });
    await backupState(directory.join("ca"), directory.join("backup"), {
      now: clock.now(),
      passphraseFile: undefined,
    });
    const { createdAt, state, authorities } = JSON.parse(await readFile(directory.join("backup"), "utf8"));
    const content = { createdAt, state, authorities };
    alter(content);
    await writeFile(directory.join("backup"), encode(content));
  }

  const restore = () =>
    restoreState(directory.join("restored"), directory.join("backup"), {
      now: clock.now(),
      maxTtlMs: dayMs,
      holder: { pid: 1, hostname: "here", clock },
    });

  async function assertNothingWritten(): Promise<void> {
    assert.equal(existsSync(directory.join("restored")), false);
    assert.deepEqual((await readdir(directory.path)).sort(), ["backup", "ca"]);
  }

  const rename = (content: Content, id: string) => {
    const [root] = content.state.authorities;
    assert.ok(root?.["id"] === "root-1");
    for (const one of content.state.authorities) one["rootId"] = id;
    root["id"] = id;
    content.authorities[id] = content.authorities["root-1"] ?? {};
  };

  for (const id of [
    "../../outside",
    "../outside",
    "/tmp/outside",
    "..",
    ".",
    "",
    "root-1/../../../outside",
    "root-1\0",
    "root-1\n",
    "root-0",
    "root-01",
    "root--1",
    "root-1e3",
    "root-99999999999999999999",
    "Root-1",
    "request-1",
    "__proto__",
  ]) {
    it(`writes nothing if an authority has the id ${JSON.stringify(id)}`, async () => {
      await craft((content) => rename(content, id));
      await rejectsWithCode(restore(), "BACKUP_MALFORMED");
      await assertNothingWritten();
    });
  }

  const rootPair = (content: Content) => content.authorities["root-1"] ?? {};
  const otherPair = (content: Content) => content.authorities["intermediate-1"] ?? {};
  const crafted: Record<string, { readonly alter: (content: Content) => void; readonly reason: RegExp }> = {
    "a request has a path as its id": {
      alter: ({ state, authorities }) => {
        const dates = { createdAt: clock.now().toISOString(), expiresAt: clock.now().toISOString() };
        state.requests = { made: 1, open: [{ id: "../../outside", ...dates }] };
        authorities["../../outside"] = authorities["root-1"] ?? {};
      },
      reason: /does not recognize its state/,
    },
    "an id occurs twice": {
      alter: ({ state }) => {
        const [root] = state.authorities;
        if (root !== undefined) state.authorities.push(root);
      },
      reason: /contains root-1 twice/,
    },
    "the signer is missing": {
      alter: ({ state }) => {
        state.signerId = "intermediate-7";
      },
      reason: /refers to an authority that it does not contain/,
    },
    "a root is missing": {
      alter: ({ state }) => {
        state.authorities = state.authorities.filter(({ id }) => id !== "root-1");
      },
      reason: /refers to an authority that it does not contain/,
    },
    "it contains no authority": {
      alter: ({ state }) => {
        state.authorities = [];
      },
      reason: /refers to an authority that it does not contain/,
    },
    "the key of an authority in use is missing": {
      alter: ({ authorities }) => {
        delete authorities["intermediate-1"];
      },
      reason: /the key of intermediate-1, which is in use, is missing/,
    },
    "the key is text instead of a key": {
      alter: (content) => {
        rootPair(content)["ca-key.pem"] = "text of an attacker";
      },
      reason: /a file of root-1 is not a key or certificate/,
    },
    "the certificate is text instead of a certificate": {
      alter: (content) => {
        rootPair(content)["ca-cert.pem"] = "text of an attacker";
      },
      reason: /a file of root-1 is not a key or certificate/,
    },
    "the key belongs to another certificate": {
      alter: (content) => {
        rootPair(content)["ca-key.pem"] = otherPair(content)["ca-key.pem"] ?? "";
      },
      reason: /the key and the certificate of root-1 do not match/,
    },
    "the certificate differs from the one in the state": {
      alter: (content) => {
        content.authorities["root-1"] = otherPair(content);
      },
      reason: /the certificate of root-1 differs from the one in the state/,
    },
    "a key file is longer than the CA reads": {
      alter: (content) => {
        const key = rootPair(content)["ca-key.pem"] ?? "";
        rootPair(content)["ca-key.pem"] = key + "\n".repeat(70_000);
      },
      reason: /a file of root-1 is longer than 65536 bytes/,
    },
    "its time is not a time": {
      alter: (content) => {
        content.createdAt = "yesterday";
      },
      reason: /it has no time/,
    },
    "the state has a stage of a later release": {
      alter: ({ state }) => {
        for (const one of state.authorities) one["stage"] = "resting";
      },
      reason: /does not recognize its state/,
    },
  };
  for (const [condition, { alter, reason }] of Object.entries(crafted)) {
    it(`writes nothing if ${condition}`, async () => {
      await craft(alter);
      const { message, cause } = await rejectsWithCode(restore(), "BACKUP_MALFORMED");
      assert.match(message, reason);
      assert.doesNotMatch(`${message} ${String(cause)}`, /text of an attacker|PRIVATE KEY-----\n/);
      await assertNothingWritten();
    });
  }

  it("writes nothing if the backup is nested more deeply than the stack allows", async () => {
    await craft(() => undefined);
    const text = await readFile(directory.join("backup"), "utf8");
    const bomb = `${"[".repeat(1_000_000)}${"]".repeat(1_000_000)}`;
    await writeFile(directory.join("backup"), text.replace('"state":{', `"state":{"bomb":${bomb},`));
    await rejectsWithCode(restore(), "BACKUP_MALFORMED");
    await assertNothingWritten();
  });

  it("reads no backup that is larger than 16 MiB, a pipe, a directory or a link", async () => {
    await craft(() => undefined);
    await truncate(directory.join("backup"), 17 * 1024 * 1024);
    await rejectsWithCode(restore(), "BACKUP_MALFORMED");
    const replacements = [
      () => symlink(directory.join("ca/control/state-0.json"), directory.join("backup")),
      () => mkdir(directory.join("backup")),
      async () => void execFileSync("mkfifo", [directory.join("backup")]),
    ];
    for (const replace of replacements) {
      await rm(directory.join("backup"), { recursive: true });
      await replace();
      await rejectsWithCode(restore(), "BACKUP_MALFORMED");
    }
    await assertNothingWritten();
  });

  it("ignores fields, files and keys that the state does not name", async () => {
    await craft((content) => {
      const { state, authorities } = content;
      state["laterField"] = { path: "../../outside" };
      authorities["../../outside"] = authorities["root-1"] ?? {};
      authorities["root-9"] = authorities["root-1"] ?? {};
      rootPair(content)["../outside.pem"] = "text";
    });
    const { authorities } = await restore();
    assert.deepEqual(authorities, ["root-1", "intermediate-1"]);
    const restored = directory.join("restored", "authorities");
    assert.deepEqual((await readdir(restored)).sort(), ["intermediate-1", "root-1"]);
    assert.deepEqual((await readdir(`${restored}/root-1`)).sort(), ["ca-cert.pem", "ca-key.pem"]);
    assert.deepEqual((await readdir(directory.path)).sort(), ["backup", "ca", "restored"]);
    await openOnDisk({ path: directory.join("restored"), clock });
  });

  it("refuses a directory in which an authority is a link to another place, and writes nothing there", async () => {
    await craft(() => undefined);
    await mkdir(directory.join("elsewhere"));
    await mkdir(directory.join("restored/authorities"), { recursive: true, mode: 0o700 });
    for (const target of ["elsewhere", "missing"]) {
      await symlink(directory.join(target), directory.join("restored/authorities/root-1"));
      await rejectsWithCode(restore(), "STATE_IN_USE");
      await rm(directory.join("restored/authorities/root-1"));
    }
    assert.deepEqual(await readdir(directory.join("elsewhere")), []);
    assert.equal(existsSync(directory.join("missing")), false);
  });

  it("refuses a directory that has a control state without authorities", async () => {
    await craft(() => undefined);
    await mkdir(directory.join("restored/control"), { recursive: true, mode: 0o700 });
    await writeFile(directory.join("restored/control/state-0.json"), "damaged", { mode: 0o600 });
    await rejectsWithCode(restore(), "STATE_IN_USE");
    assert.deepEqual(await readdir(directory.join("restored/authorities")), []);
  });
});
