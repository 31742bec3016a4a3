import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, Socket } from "node:net";
import { type ConnectionOptions, connect, createServer, type Server, type TLSSocket } from "node:tls";
import { type Certificate, createKeyPair, type KeyPair } from "@kasbah/pki";
import { createTestAuthority, type TestAuthority } from "@kasbah/testkit";
import { peerCertificatesOf } from "./peer-certificates.ts";

const names = [{ kind: "uri", value: "spiffe://cluster.local/ns/demo/sa/frontend" } as const];

describe("peerCertificatesOf", () => {
  let authority: TestAuthority;
  let keyPair: KeyPair;
  let leaf: Certificate;
  let server: Server;
  let others: readonly Certificate[];

  before(async () => {
    authority = await createTestAuthority();
    keyPair = await createKeyPair("P-256");
    leaf = await authority.issue({ publicKey: keyPair.publicKey, names });
    const { publicKey } = keyPair;
    others = await Promise.all(Array.from({ length: 9 }, () => authority.issue({ publicKey, names })));
    server = createServer({
      cert: leaf.toPem(),
      key: keyPair.toPkcs8Pem(),
      requestCert: true,
      rejectUnauthorized: false,
    });
    server.on("secureConnection", (socket) => socket.on("error", () => {}));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
  });

  after(() => void server.close());

  /** Returns the certificates that the server sees, read twice. */
  async function seenOf(
    client: ConnectionOptions,
  ): Promise<{ readonly first: string[]; readonly second: string[] }> {
    const { port } = server.address() as AddressInfo;
    const accepted = once(server, "secureConnection");
    const dialled = connect({ host: "127.0.0.1", port, rejectUnauthorized: false, ...client });
    dialled.on("error", () => {});
    const [socket]: TLSSocket[] = await accepted;
    assert.ok(socket);
    try {
      return { first: hexOf(socket), second: hexOf(socket) };
    } finally {
      socket.destroy();
      dialled.destroy();
    }
  }

  const shows = (...chain: readonly Certificate[]) => ({
    cert: chain.map((certificate) => certificate.toPem()).join(""),
    key: keyPair.toPkcs8Pem(),
  });

  for (const version of ["TLSv1.2", "TLSv1.3"] as const) {
    describe(`${version}`, () => {
      const tls = { minVersion: version, maxVersion: version };

      it("returns the certificates in the order in which the peer sent them, whether or not one issued the other", async () => {
        const [first, second] = others;
        assert.ok(first && second);
        const sent = [leaf, second, authority.certificate, first];
        assert.deepEqual((await seenOf({ ...tls, ...shows(...sent) })).first, sent.map(hex));
      });

      it("returns the same certificates when it is called again", async () => {
        const sent = [leaf, authority.certificate];
        assert.deepEqual((await seenOf({ ...tls, ...shows(...sent) })).second, sent.map(hex));
      });

      it("returns at most six certificates, so that a verifier with a limit of five sees that there were more", async () => {
        const seen = await seenOf({ ...tls, ...shows(leaf, ...others) });
        assert.deepEqual(seen.first, [leaf, ...others.slice(0, 5)].map(hex));
      });

      it("ends with a self-signed root", async () => {
        const root = { ...tls, cert: authority.rootPem, key: authority.keyPair.toPkcs8Pem() };
        assert.deepEqual((await seenOf(root)).first, [hex(authority.certificate)]);
      });

      it("returns nothing if the peer presented no certificate", async () => {
        assert.deepEqual((await seenOf(tls)).first, []);
      });
    });
  }

  it("returns nothing for a peer without TLS", () => {
    assert.deepEqual(peerCertificatesOf(new Socket() as TLSSocket), []);
  });
});

const hex = ({ der }: Certificate) => Buffer.from(der).toString("hex");
const hexOf = (socket: TLSSocket) =>
  peerCertificatesOf(socket).map((der) => Buffer.from(der).toString("hex"));
