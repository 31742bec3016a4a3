import { type Certificate, createKeyPair, type KeyPair, type PublicKey, type Validity } from "@kasbah/pki";
import type { CertificateWriter } from "@kasbah/pki/certificate-writer";
import { OperationError } from "../../errors.ts";
import type { SigningPair } from "../keys/authority-files.ts";
import type { AuthorityKeys } from "../keys/authority-keys.ts";
import { requestNumber } from "../rotation/authority-request.ts";
import type { AuthorityState } from "../rotation/authority-state.ts";
import type { SelfSignedProfile } from "../self-signed.ts";

export interface RequestKeysDeps {
  readonly keys: AuthorityKeys;
  readonly profile: Pick<SelfSignedProfile, "keyType">;
  readonly writer: CertificateWriter;
  readonly newSerial: () => Uint8Array;
}

/** The vault stores each key with a certificate. No bundle and no chain ever contains this one. */
const placeholder = "key of a certificate request, not an authority";

/** More than can be outstanding. An older key was destroyed by an earlier process. */
const lookBack = 16;

/** The keys of certificate requests, in the vault under the ids of the requests. */
export class RequestKeys {
  readonly #deps: RequestKeysDeps;
  readonly #destroyed = new Set<string>();

  constructor(deps: RequestKeysDeps) {
    this.#deps = deps;
  }

  /** Creates a durable key for the next request. A key that a crash left behind is used. */
  async provide(
    { requests }: AuthorityState,
    validity: Validity,
  ): Promise<{ readonly id: string; readonly keyPair: KeyPair }> {
    const { keys, profile, writer, newSerial } = this.#deps;
    const id = `request-${requests.made + 1}`;
    const found = await keys.find(id);
    if (found !== undefined) return { id, keyPair: found.keyPair };
    const keyPair = await createKeyPair(profile.keyType);
    const template = { serial: newSerial(), validity: wholeSeconds(validity), organization: placeholder };
    await keys.keep(id, { keyPair, certificate: await writer.writeRoot(template, keyPair) });
    return { id, keyPair };
  }

  /**
   * Finds the certificate for the key of an outstanding request. @throws OperationError naming the expected and
   * the given keys
   */
  async match(
    { requests, authorities }: AuthorityState,
    given: readonly Certificate[],
  ): Promise<{ readonly requestId: string; readonly pair: SigningPair }> {
    const expected: string[] = [];
    for (const { id } of requests.open) {
      const keyPair = (await this.#deps.keys.find(id))?.keyPair;
      if (keyPair === undefined) continue;
      const certificate = given.find(({ publicKey }) => publicKey.equals(keyPair.publicKey));
      if (certificate !== undefined) return { requestId: id, pair: { certificate, keyPair } };
      expected.push(`${shown(keyPair.publicKey)} of ${id}`);
    }
    const adopted = authorities.find(
      ({ byRequest, certificate }) => byRequest === true && given.some((one) => one.equals(certificate)),
    );
    if (adopted !== undefined)
      throw new OperationError(
        `the chain was adopted before, as ${adopted.id}: see kasbah authority list --all`,
      );
    if (expected.length === 0)
      throw new OperationError("no CSR is outstanding: create one with kasbah authority csr");
    const found = given.map(({ publicKey }) => shown(publicKey)).join(", ") || "no certificate";
    throw new OperationError(
      `no certificate of the chain is for the key of an outstanding CSR: expected ${expected.join(" or ")}, found ${found}`,
    );
  }

  async destroy(id: string): Promise<void> {
    await this.#deps.keys.destroy(id);
    this.#destroyed.add(id);
  }

  /** Destroys the keys of requests that are no longer outstanding. The next call completes what failed. */
  async destroyClosed({ requests }: AuthorityState): Promise<void> {
    const open = new Set(requests.open.map(({ id }) => requestNumber(id)));
    for (let number = requests.made; number > Math.max(0, requests.made - lookBack); number--) {
      const id = `request-${number}`;
      if (!open.has(number) && !this.#destroyed.has(id)) await this.destroy(id);
    }
  }
}

function shown({ type, hash }: PublicKey): string {
  return `the ${type} key SHA-256 ${hash.slice(0, 16)}`;
}

function wholeSeconds({ notBefore, notAfter }: Validity): Validity {
  const whole = (date: Date) => new Date(Math.floor(date.getTime() / 1000) * 1000);
  return { notBefore: whole(notBefore), notAfter: whole(notAfter) };
}
