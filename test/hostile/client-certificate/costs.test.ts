import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { assertCpuTimeBelow } from "@kasbah/testkit";
import { type Bytes, bits, dns, integer, names, nothing, oid, sequence, uri } from "@kasbah/testkit/csr";
import { leafWith, type World, worldOf } from "./cases.ts";
import { ask, leafOf } from "./dial.ts";
import { type Gate, openGate } from "./gate.ts";
import { type Changes, frontend, id, leafIssuerNamed, mint } from "./mint.ts";
import { showInTheClear } from "./raw-handshake.ts";

const mostMs = 50;

describe("CPU cost of refusing a client certificate", () => {
  let gate: Gate;
  let world: World;

  before(async () => {
    gate = await openGate();
    world = worldOf(gate);
    await ask(gate, leafWith(world));
    await showInTheClear(gate.port, leafWith(world).chain, Buffer.alloc(71));
  });

  after(() => gate.stop());

  afterEach(async () => {
    assert.equal(leafOf(await ask(gate, leafWith(world))).spiffeId?.toString(), frontend);
  });

  /**
   * A random RSA public key without a private key, which a verifier can detect only by computing the
   * signature.
   */
  const withRsa = (modulusBits: number, exponent: string): Bytes => {
    const modulus = randomBytes(modulusBits / 8);
    modulus[0] = 0xff;
    modulus[modulus.length - 1] = 0xff;
    return sequence(
      sequence(oid("1.2.840.113549.1.1.1"), nothing()),
      bits(sequence(integer(modulus.toString("hex")), integer(exponent))),
    );
  };

  const signed = (changes: Changes) => [mint(world.issuer, world.now, changes), world.intermediate];
  const rsaKeys: Readonly<Record<string, readonly [bits: number, exponent: string]>> = {
    "RSA of 4096 bits": [4096, "010001"],
    "RSA of 8192 bits": [8192, "010001"],
    "RSA of 16384 bits": [16_384, "010001"],
    "RSA of 16384 bits and an exponent of 64 bits": [16_384, "ffffffffffffffff"],
    "RSA of 17408 bits": [17_408, "010001"],
    "RSA of 3072 bits and an exponent of the same length": [3072, "7f".repeat(384)],
  };

  for (const [title, [modulusBits, exponent]] of Object.entries(rsaKeys)) {
    it(`is small for a key of ${title}`, async () => {
      const chain = signed({ spki: withRsa(modulusBits, exponent) });
      const signature = Buffer.concat([Buffer.of(0), randomBytes(modulusBits / 8 - 1)]);
      let end = "";
      // The CA runs on this thread, and its client does little here.
      await assertCpuTimeBelow(mostMs, async () => {
        end = await showInTheClear(gate.port, chain, signature);
      });
      assert.match(
        end,
        /^(decrypt_error|bad_certificate|illegal_parameter|handshake_failure|internal_error)$/,
      );
    });
  }

  const broken: Readonly<Record<string, (leaf: Uint8Array) => readonly Uint8Array[]>> = {
    "garbage after the certificate": (leaf) => [Buffer.concat([leaf, Buffer.from("garbage")])],
    "garbage instead of a certificate": () => [randomBytes(1_000)],
    "an empty certificate": () => [Buffer.alloc(0)],
    "half of a certificate": (leaf) => [leaf.subarray(0, leaf.length / 2)],
    "a chain of a thousand certificates": (leaf) => Array.from({ length: 1_000 }, () => leaf),
    "more than a hundred kilobytes of names": () => {
      const many = Array.from({ length: 10_000 }, (_, index) => dns(`name-${index}.demo.svc`));
      return signed({ extensions: { [id.names]: names(uri(frontend), ...many) } });
    },
  };

  for (const [title, chainOf] of Object.entries(broken)) {
    it(`is small for ${title}, which fails every handshake`, async () => {
      const [leaf = Buffer.alloc(0)] = leafWith(world).chain;
      let end = "";
      // The CA runs on this thread, and its client does little here.
      await assertCpuTimeBelow(mostMs, async () => {
        end = await showInTheClear(gate.port, chainOf(leaf), randomBytes(71));
      });
      assert.notEqual(end, "decrypt_error", "the signature must not be checked");
    });
  }

  it("is small for ten thousand names that pass the handshake, from an attacker or from one of our workloads", async () => {
    const many = Array.from({ length: 10_000 }, (_, index) => dns(index.toString(36)));
    const extensions = { [id.names]: names(uri(frontend), ...many) };
    const attacker = [mint(leafIssuerNamed(sequence(), "P-256"), world.now, { extensions })];
    for (const chain of [attacker, signed({ extensions, notAfter: new Date(world.now.getTime() - 1_000) })]) {
      let message = "";
      // The CA runs on this thread, and its client does little here.
      await assertCpuTimeBelow(mostMs, async () => {
        ({ message } = await ask(gate, { chain, key: "P-256" }));
      });
      assert.match(message, /^CLIENT_CERTIFICATE_REJECTED/);
    }
  });
});
