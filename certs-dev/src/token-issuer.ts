import { chmod, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { makeDirectories } from "@kasbah/runtime";
import type { JSONWebKeySet, JWK } from "jose";
import { calculateJwkThumbprint, exportJWK, exportPKCS8, generateKeyPair, importPKCS8, SignJWT } from "jose";
import { CertsDevError } from "./errors.ts";
import { createTokenClaims, type TokenRequest } from "./token-claims.ts";

const files = { key: "token-key.pem", jwks: "jwks.json", issuer: "issuer.json" } as const;

/**
 * Stands in for the token signer of the Kubernetes API server: ES256, one key, whose `kid` is its RFC 7638
 * thumbprint.
 */
export class DevTokenIssuer {
  readonly issuer: string;
  readonly #key: CryptoKey;
  readonly #publicJwk: JWK & { kid: string };

  private constructor(issuer: string, key: CryptoKey, publicJwk: JWK & { kid: string }) {
    this.issuer = issuer;
    this.#key = key;
    this.#publicJwk = publicJwk;
  }

  /** Creates an issuer from an extractable ES256 private key. */
  static async from(issuer: string, key: CryptoKey): Promise<DevTokenIssuer> {
    const { kty, crv, x, y } = await exportJWK(key);
    const publicPart = { kty, crv, x, y } as JWK;
    const kid = await calculateJwkThumbprint(publicPart);
    return new DevTokenIssuer(issuer, key, { ...publicPart, alg: "ES256", use: "sig", kid });
  }

  /** The public key only, as served at `/openid/v1/jwks`. */
  jwks(): JSONWebKeySet {
    return { keys: [{ ...this.#publicJwk }] };
  }

  /** Signs every request: a development tool rejects nothing. */
  async mint(request: TokenRequest): Promise<string> {
    return new SignJWT(createTokenClaims(this.issuer, request))
      .setProtectedHeader({ alg: "ES256", kid: this.#publicJwk.kid })
      .sign(this.#key);
  }

  /**
   * Writes the key (0600), the JWKS and the issuer name into a folder that only its owner can enter (0700).
   *
   * @throws CertsDevError `ISSUER_EXISTS` instead of overwriting a key; `DIRECTORY_OPEN` if other users can
   * enter the folder.
   */
  async save(directory: string): Promise<void> {
    await ownDirectory(directory);
    await writeNew(join(directory, files.key), await exportPKCS8(this.#key), 0o600);
    await writeNew(join(directory, files.jwks), `${JSON.stringify(this.jwks(), null, 2)}\n`, 0o644);
    await writeNew(join(directory, files.issuer), `${JSON.stringify({ issuer: this.issuer })}\n`, 0o644);
  }
}

/** Creates an issuer with a new key. It exists in memory only until it is saved. */
export async function createTokenIssuer(options: { issuer: string }): Promise<DevTokenIssuer> {
  const { privateKey } = await generateKeyPair("ES256", { extractable: true });
  return DevTokenIssuer.from(options.issuer, privateKey);
}

/** @throws CertsDevError `ISSUER_MISSING` if the folder contains no saved issuer. */
export async function loadTokenIssuer(directory: string): Promise<DevTokenIssuer> {
  try {
    const key = await importPKCS8(await readFile(join(directory, files.key), "utf8"), "ES256", {
      extractable: true,
    });
    const saved: unknown = JSON.parse(await readFile(join(directory, files.issuer), "utf8"));
    return await DevTokenIssuer.from(issuerName(saved), key);
  } catch (cause) {
    throw new CertsDevError(
      "ISSUER_MISSING",
      `no token issuer in ${directory}: create one with certs-dev issuer`,
      {
        cause,
      },
    );
  }
}

function issuerName(saved: unknown): string {
  if (typeof saved === "object" && saved !== null && "issuer" in saved && typeof saved.issuer === "string") {
    return saved.issuer;
  }
  throw new TypeError(`${files.issuer} contains no issuer`);
}

async function ownDirectory(directory: string): Promise<void> {
  const made = await makeDirectories(directory, 0o700);
  if (made !== undefined) {
    await chmod(directory, 0o700);
    return;
  }
  const { mode } = await stat(directory);
  if ((mode & 0o077) !== 0) {
    throw new CertsDevError(
      "DIRECTORY_OPEN",
      `other users can enter ${directory}: run chmod 700 on it or choose another`,
    );
  }
}

async function writeNew(path: string, text: string, mode: number): Promise<void> {
  try {
    await writeFile(path, text, { mode, flag: "wx" });
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "EEXIST") throw cause;
    throw new CertsDevError("ISSUER_EXISTS", `${path} already exists: remove the folder to start over`, {
      cause,
    });
  }
}
