import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { chmod, cp, lstat, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import {
  parseCertificates,
  parsePrivateKey,
  parseSpiffeId,
  parseTrustBundle,
  verifyChain,
} from "@kasbah/pki";
import { type TemporaryDirectory, temporaryDirectory } from "@kasbah/testkit";
import { parseCachedSecret } from "../../packages/agent/src/secret-cache/cached-secret.ts";
import { authorityCodec } from "../../packages/ca-server/src/authorities/backing.ts";
import { parseSnapshot } from "../../packages/ca-server/src/kubernetes/state-secret/authority-snapshot.ts";
import { readSecretObject } from "../../packages/ca-server/src/kubernetes/state-secret/secret-object.ts";
import { currentRelease, packedReleases, runCommand } from "../harness/release.ts";
import { suiteTimeoutMs } from "../harness/until.ts";
import { spiffeIdOf } from "./processes/callers.ts";

const web = spiffeIdOf("web");

for (const { name, path: release } of packedReleases()) {
  describe(`the state that release ${name} left`, function () {
    this.timeout(suiteTimeoutMs);
    let directory: TemporaryDirectory;
    let now: Date;
    let stateDir: readonly string[];
    const read = (...names: string[]) => readFile(directory.join(...names), "utf8");
    const kasbah = (...argv: readonly string[]) => runCommand(currentRelease, ...argv, ...stateDir);

    before(async () => {
      directory = await temporaryDirectory();
      await cp(join(release, "kept-state"), directory.path, { recursive: true, verbatimSymlinks: true });
      await restoreModes(directory.path);
      now = new Date(JSON.parse(await read("written-at.json")).writtenAt);
      stateDir = ["--state-dir", directory.join("ca")];
    });
    after(() => directory?.remove());

    it("the new command verifies the ledger of the old CA", async () => {
      const { ledgers } = JSON.parse(await kasbah("audit", "verify", "--json"));
      assert.deepEqual(
        ledgers.map(({ findings, size, signed }: Verdict) => [findings, size - signed]),
        [[[], 0]],
      );
    });

    it("the new command reads entries of every kind in the ledger of the old CA", async () => {
      const exported = await kasbah("audit", "export", "--since", "2026-01-01T00:00:00Z");
      const kinds = linesOf(exported).map(({ kind }) => kind);
      assert.deepEqual(new Set(kinds), new Set(["authority", "issued", "operator", "refused"]));
    });

    for (const index of ["the index of the old CA", "an index that it recreates"]) {
      it(`the new command finds a certificate by ${index}`, async () => {
        if (index !== "the index of the old CA") await removeIndexes(directory.join("ca", "ledger"));
        const serial = serialIn(await read("agent-files", "cert-chain.pem"));
        const { certificates } = JSON.parse(await kasbah("audit", "cert", serial, "--json"));
        assert.deepEqual(
          certificates.map(({ entry }: Found) => [entry.spiffeId, entry.serial]),
          [[web, serial]],
        );
      });
    }

    it("the new command explains the refusal of an unauthenticated caller by its reference", async () => {
      const [slot = ""] = await readdir(directory.join("ca", "ledger"));
      const [refusal] = linesOf(await read("ca", "ledger", slot, "strangers", "newest.jsonl"));
      assert.equal(refusal?.code, "TOKEN_REJECTED");
      assert.match(await kasbah("why", String(refusal?.referenceId)), /TOKEN_REJECTED/);
    });

    it("the new command lists the authorities and the rotation that the old CA left unfinished", async () => {
      const { authorities, rotation } = JSON.parse(await kasbah("authority", "list", "--json"));
      assert.deepEqual(
        authorities.map(({ id, stage }: Listed) => `${id} ${stage}`),
        ["root-1 active", "intermediate-1 active", "root-2 distributed", "intermediate-2 distributed"],
      );
      assert.equal(rotation.stage, "distributed");
    });

    it("the new command restores a backup that it makes of the old state, with the same keys", async () => {
      const [backup, restored] = [directory.join("ca.backup"), directory.join("restored")];
      await kasbah("backup", backup);
      await runCommand(currentRelease, "restore", backup, "--state-dir", restored);
      for (const id of ["root-1", "intermediate-1", "root-2", "intermediate-2"]) {
        const key = (place: string) => read(place, "authorities", id, "ca-key.pem");
        assert.equal(await key("restored"), await key("ca"));
      }
    });

    it("the new CA reads the Secret of the old CA", async () => {
      const secret = readSecretObject(JSON.parse(await read("secret.json")));
      const { state, files } = parseSnapshot("the kept Secret", secret, authorityCodec);
      assert.deepEqual(
        state.authorities.map(({ id }) => id),
        ["root-1", "intermediate-1"],
      );
      assert.equal(files.size, 4, "a key and a certificate for each of them");
    });

    it("the new agent accepts the secret that the old agent cached", async () => {
      const secret = parseCachedSecret(await read("agent-cache", "secret.json"), {
        spiffeId: parseSpiffeId(web),
        keyType: "P-256",
        keyFormat: "traditional",
        held: parseTrustBundle(await read("agent-files", "root-cert.pem")),
        now,
      });
      assert.equal(secret.leaf.serial, serialIn(await read("agent-files", "cert-chain.pem")));
    });

    it("the key and the certificates in the output files of the old agent belong together", async () => {
      const [leaf, ...intermediates] = parseCertificates(await read("agent-files", "cert-chain.pem"));
      const { publicKey } = parsePrivateKey(await read("agent-files", "key.pem"));
      assert.ok(leaf);
      assert.ok(leaf.publicKey.equals(publicKey));
      const bundle = parseTrustBundle(await read("agent-files", "root-cert.pem"));
      verifyChain({ leaf, intermediates, bundle, now });
    });
  });
}

interface Verdict {
  readonly findings: readonly unknown[];
  readonly size: number;
  readonly signed: number;
}

interface Entry {
  readonly kind: string;
  readonly spiffeId?: string;
  readonly serial?: string;
  readonly code?: string;
  readonly referenceId?: string;
}

interface Found {
  readonly entry: Entry;
}

interface Listed {
  readonly id: string;
  readonly stage: string;
}

/** Git keeps no modes except that of programs, and the daemons reject keys that other users can read. */
async function restoreModes(path: string): Promise<void> {
  const stat = await lstat(path);
  if (stat.isSymbolicLink()) return;
  await chmod(path, stat.isDirectory() ? 0o700 : 0o600);
  if (!stat.isDirectory()) return;
  for (const name of await readdir(path)) await restoreModes(join(path, name));
}

async function removeIndexes(ledger: string): Promise<void> {
  for (const slot of await readdir(ledger)) {
    for (const suffix of ["", "-shm", "-wal"])
      await rm(join(ledger, slot, `index.sqlite${suffix}`), { force: true });
  }
}

function linesOf(text: string): readonly Entry[] {
  const lines = text.trimEnd().split("\n");
  return lines.map((line) => JSON.parse(line));
}

function serialIn(pem: string): string {
  return new X509Certificate(pem).serialNumber.toLowerCase();
}
