import { type Certificate, createKeyPair, createSerial, type KeyPair, type PublicKey } from "@kasbah/pki";
import { createCertificateWriter, type Signer, type SubjectAltName } from "@kasbah/pki/certificate-writer";

/** Long enough for fake clocks and for the real one, which Node's TLS uses. */
const ages = { notBefore: new Date("2020-01-01T00:00:00Z"), notAfter: new Date("2045-01-01T00:00:00Z") };

const writer = createCertificateWriter();

export interface LeafOrder {
  readonly publicKey: PublicKey;
  readonly notBefore?: Date;
  readonly notAfter?: Date;
  readonly names: readonly SubjectAltName[];
}

/** A separate root that signs what a test requests. */
export interface TestAuthority extends Signer {
  readonly keyPair: KeyPair;
  readonly rootPem: string;
  issue(order: LeafOrder): Promise<Certificate>;
  /** An authority under this one; its `rootPem` is its own certificate. */
  issueIntermediate(commonName: string): Promise<TestAuthority>;
  /** The certificate of an authority under this one for the key of another party. */
  issueAuthority(publicKey: PublicKey, commonName: string): Promise<Certificate>;
}

/** Creates an authority whose root is valid from 2020 to 2045. */
export async function createTestAuthority(organization = "Test"): Promise<TestAuthority> {
  const keyPair = await createKeyPair("P-256");
  const root = { serial: createSerial(), validity: ages, organization };
  return authorityOf(await writer.writeRoot(root, keyPair), keyPair);
}

function authorityOf(certificate: Certificate, keyPair: KeyPair): TestAuthority {
  const signer = { certificate, signingKey: keyPair };
  const issueAuthority = (publicKey: PublicKey, commonName: string) =>
    writer.writeIntermediate(
      { serial: createSerial(), validity: ages, organization: "Test", commonName, publicKey },
      signer,
    );
  return {
    ...signer,
    keyPair,
    rootPem: certificate.toPem(),
    issue({ publicKey, names, notBefore = ages.notBefore, notAfter = ages.notAfter }) {
      const validity = { notBefore, notAfter };
      const leaf = { serial: createSerial(), validity, publicKey, subjectAltNames: names };
      return writer.writeLeaf(leaf, signer);
    },
    async issueIntermediate(commonName) {
      const own = await createKeyPair("P-256");
      return authorityOf(await issueAuthority(own.publicKey, commonName), own);
    },
    issueAuthority,
  };
}
