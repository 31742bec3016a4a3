import assert from "node:assert/strict";
import { type Certificate, createKeyPair, type KeyPair, parseSpiffeId, TrustBundle } from "@kasbah/pki";
import {
  assertCpuTimeBelow,
  createTestAuthority,
  forgeCertificate,
  type LeafOrder,
  type TestAuthority,
  throwsWithCode,
} from "@kasbah/testkit";
import { AgentError, type ReplyFault } from "../errors.ts";
import { type ExpectedReply, verifyReply } from "./verify-reply.ts";

const uri = "spiffe://cluster.local/ns/demo/sa/frontend";

describe("verifyReply", () => {
  let authority: TestAuthority;
  let stranger: TestAuthority;
  let keyPair: KeyPair;
  let expected: ExpectedReply;

  before(async () => {
    authority = await createTestAuthority();
    stranger = await createTestAuthority("Stranger");
    keyPair = await createKeyPair("P-256");
    expected = {
      publicKey: keyPair.publicKey,
      spiffeId: parseSpiffeId(uri),
      held: TrustBundle.from([authority.certificate]),
      now: new Date("2030-01-01T00:00:00Z"),
    };
  });

  const issue = (changes: Partial<LeafOrder> = {}, by = authority) =>
    by.issue({ publicKey: keyPair.publicKey, names: [{ kind: "uri", value: uri }], ...changes });
  const refuse = (elements: readonly string[], fault: ReplyFault, rule = /discarded/) => {
    const error: unknown = throwsWithCode(() => verifyReply(elements, expected), "CA_REPLY_INVALID");
    assert.ok(error instanceof AgentError);
    assert.equal(error.replyFault, fault);
    assert.match(error.message, rule);
    assert.ok(!error.message.includes("BEGIN"));
  };

  it("rejects an empty chain and a leaf without roots", async () => {
    refuse([], "empty");
    refuse([(await issue()).toPem()], "no_roots");
  });

  it("rejects a leaf with a different key", async () => {
    const other = await createKeyPair("P-256");
    refuse([(await issue({ publicKey: other.publicKey })).toPem(), authority.rootPem], "wrong_key");
  });

  it("rejects a leaf with a different name, a second SPIFFE ID or a name of another type", async () => {
    const names: LeafOrder["names"][] = [
      [{ kind: "uri", value: "spiffe://cluster.local/ns/demo/sa/backend" }],
      [{ kind: "uri", value: "spiffe://other.local/ns/demo/sa/frontend" }],
      [
        { kind: "uri", value: uri },
        { kind: "uri", value: "spiffe://cluster.local/ns/kube-system/sa/admin" },
      ],
      [
        { kind: "uri", value: uri },
        { kind: "ip", value: "127.0.0.1" },
      ],
      [{ kind: "dns", value: "frontend.demo.svc" }],
    ];
    for (const each of names) {
      refuse([(await issue({ names: each })).toPem(), authority.rootPem], "wrong_name");
    }
  });

  it("accepts additional DNS names, which the CA's policy may add", async () => {
    const names: LeafOrder["names"] = [
      { kind: "uri", value: uri },
      { kind: "dns", value: "frontend.demo.svc" },
    ];
    const { leaf } = verifyReply([(await issue({ names })).toPem(), authority.rootPem], expected);
    assert.deepEqual(leaf.dnsNames, ["frontend.demo.svc"]);
  });

  it("rejects an untrusted root even if the reply contains it", async () => {
    const leaf = await issue({}, stranger);
    refuse([leaf.toPem(), stranger.rootPem], "unknown_root");
    refuse([leaf.toPem(), authority.rootPem + stranger.rootPem], "unknown_root");
  });

  it("rejects roots without the one that the leaf chains to, which would make the next call fail", async () => {
    refuse([(await issue()).toPem(), stranger.rootPem], "roots_incomplete");
  });

  it("rejects a leaf that is a CA certificate", async () => {
    expected = { ...expected, publicKey: authority.keyPair.publicKey };
    refuse([authority.rootPem, authority.rootPem], "ca_leaf");
    expected = { ...expected, publicKey: keyPair.publicKey };
  });

  it("rejects an expired leaf and one that is not yet valid", async () => {
    const ended = await issue({ notAfter: new Date("2029-12-31T23:59:59Z") });
    refuse([ended.toPem(), authority.rootPem], "expired", /leaf expired 1 s ago/);
    const future = await issue({ notBefore: new Date("2030-01-01T00:00:01Z") });
    refuse([future.toPem(), authority.rootPem], "not_yet_valid", /clock is behind/);
  });

  it("rejects a leaf that is valid for only one side of TLS", async () => {
    const serverAuth = Buffer.from("06082b06010505070301", "hex");
    const codeSigning = Buffer.from("06082b06010505070303", "hex");
    const forged = forgeCertificate(await issue(), authority.keyPair, serverAuth, codeSigning);
    refuse([forged.toPem(), authority.rootPem], "no_eku", /extended key usage 1\.3\.6\.1\.5\.5\.7\.3\.1/);
  });

  it("accepts text around the certificates of every element, as in the files of a CA's operator", async () => {
    const intermediate = await authority.issueIntermediate("Intermediate");
    const leaf = await issue({}, intermediate);
    const around = (pem: string) =>
      [`\uFEFFCertificate:\n    Data: -- \nsubject=CN=x\n`, pem, "# end\n"].join("").replaceAll("\n", "\r\n");
    const broken = "-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----\n";
    const plain = verifyReply(
      [leaf, intermediate.certificate, authority.certificate].map((one) => one.toPem()),
      expected,
    );
    const elements = [leaf, intermediate.certificate, authority.certificate].map((one) =>
      around(one.toPem()),
    );
    const reply = verifyReply([...elements.slice(0, -1), broken + elements[2]], expected);
    assert.deepEqual(
      [reply.leaf, ...reply.intermediates, ...reply.roots.roots].map((one) => one.toPem()),
      [plain.leaf, ...plain.intermediates, ...plain.roots.roots].map((one) => one.toPem()),
    );
    assert.deepEqual(
      reply.skippedRoots.map(({ position, line }) => [position, line]),
      [[1, 1]],
    );
  });

  it("names the element, the block and the reason if a reply cannot be read", async () => {
    const leaf = (await issue()).toPem();
    const broken = leaf.replace("MII", "M*I");
    refuse([broken, authority.rootPem], "malformed", /leaf is malformed: block 1 \(line 1\): .* not base64/);
    refuse(
      [leaf, authority.rootPem + broken, authority.rootPem],
      "malformed",
      /element 2 is malformed: block 2 \(line \d+\): .* not base64/,
    );
    refuse([leaf, broken], "malformed", /roots are malformed: .*block 1 \(line 1\): .* not base64/);
  });

  it("rejects a chain that is out of order or has an extra certificate", async () => {
    const leaf = await issue();
    const other = await issue({ publicKey: (await createKeyPair("P-256")).publicKey });
    refuse([authority.rootPem, leaf.toPem(), authority.rootPem], "out_of_order");
    refuse([authority.rootPem, leaf.toPem()], "out_of_order");
    refuse([leaf.toPem(), other.toPem(), authority.rootPem], "extra_certificates");
    refuse([leaf.toPem(), stranger.rootPem, authority.rootPem], "extra_certificates");
    refuse([leaf.toPem(), leaf.toPem(), authority.rootPem], "extra_certificates");
    refuse([leaf.toPem() + leaf.toPem(), authority.rootPem], "malformed");
    refuse([leaf.toPem(), "not PEM"], "malformed");
    refuse([leaf.toPem(), other.toPem()], "malformed");
  });

  it("rejects a megabyte and a long chain without parsing them", async () => {
    const leaf = await issue();
    const huge = [leaf.toPem(), "A".repeat(1024 * 1024), authority.rootPem];
    const crowd = Array.from({ length: 1_000 }, () => leaf.toPem());
    await assertCpuTimeBelow(500, () => {
      refuse(huge, "too_large");
      refuse(crowd, "too_large");
    });
  });

  it("reports a leaf as proven if only the clock contradicts it, and no other leaf", async () => {
    const proven: string[] = [];
    const watched = { ...expected, onProven: ({ serial }: Certificate) => void proven.push(serial) };
    const future = await issue({ notBefore: new Date("2030-01-01T01:00:00Z") });
    throwsWithCode(() => verifyReply([future.toPem(), authority.rootPem], watched), "CA_REPLY_INVALID");
    assert.deepEqual(proven, [future.serial]);
    const foreign = await issue({}, stranger);
    throwsWithCode(() => verifyReply([foreign.toPem(), stranger.rootPem], watched), "CA_REPLY_INVALID");
    assert.equal(proven.length, 1);
  });

  it("accepts an intermediate of the root, and rejects two out of order or one without a path to the root", async () => {
    const upper = await authority.issueIntermediate("Upper");
    const lower = await upper.issueIntermediate("Lower");
    const [under, deep] = [await issue({}, upper), await issue({}, lower)];
    const [first, second] = [upper.certificate.toPem(), lower.certificate.toPem()];
    assert.equal(verifyReply([under.toPem(), first, authority.rootPem], expected).intermediates.length, 1);
    refuse([deep.toPem(), first, second, authority.rootPem], "out_of_order");
    refuse([deep.toPem(), first, authority.rootPem], "extra_certificates");
    refuse([deep.toPem(), authority.rootPem], "unknown_root");
    // The test intermediate has path length 0, so it cannot have another one below it.
    refuse([deep.toPem(), second, first, authority.rootPem], "chain_invalid");
  });

  it("accepts a valid reply, drops a root repeated in the middle and keeps every root of the last element", async () => {
    const leaf = await issue();
    const reply = verifyReply(
      [leaf.toPem(), authority.rootPem, authority.rootPem + stranger.rootPem],
      expected,
    );
    assert.ok(reply.leaf.equals(leaf));
    assert.deepEqual(reply.intermediates, []);
    assert.ok(reply.roots.equals(TrustBundle.from([stranger.certificate, authority.certificate])));
  });

  it("rejects a leaf or an intermediate that names another key identifier than its issuer has", async () => {
    const upper = await authority.issueIntermediate("Upper");
    const elsewhere = Buffer.alloc(20, 0xee);
    const rootKey = Buffer.from(authority.certificate.subjectKeyIdentifier ?? []);
    const upperKey = Buffer.from(upper.certificate.subjectKeyIdentifier ?? []);
    const leaf = forgeCertificate(await issue(), authority.keyPair, rootKey, elsewhere);
    refuse([leaf.toPem(), authority.rootPem], "chain_invalid");
    const below = forgeCertificate(await issue({}, upper), upper.keyPair, upperKey, elsewhere);
    refuse([below.toPem(), upper.rootPem, authority.rootPem], "chain_invalid");
    const odd = forgeCertificate(upper.certificate, authority.keyPair, rootKey, elsewhere);
    refuse([(await issue({}, upper)).toPem(), odd.toPem(), authority.rootPem], "chain_invalid");
  });

  it("keeps an intermediate that the roots contain too, because other peers may trust only its root", async () => {
    const upper = await authority.issueIntermediate("Upper");
    const roots = authority.rootPem + upper.rootPem;
    const reply = verifyReply([(await issue({}, upper)).toPem(), upper.rootPem, roots], expected);
    assert.deepEqual(
      reply.intermediates.map(({ fingerprint }) => fingerprint),
      [upper.certificate.fingerprint],
    );
  });

  it("rejects a chain that ends at a trusted intermediate, where OpenSSL looks for a root", async () => {
    const upper = await authority.issueIntermediate("Upper");
    const held = TrustBundle.from([upper.certificate]);
    const reply = [(await issue({}, upper)).toPem(), upper.rootPem];
    throwsWithCode(() => verifyReply(reply, { ...expected, held }), "CA_REPLY_INVALID");
  });
});
