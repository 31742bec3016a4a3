import { createHash, timingSafeEqual } from "node:crypto";

export interface SessionsDeps {
  /** Draws 256 random bits, in base64url. */
  readonly newSecret: () => string;
  /** Its port names the cookie: browsers send the cookies of 127.0.0.1 to every port. */
  readonly port: number;
}

/**
 * Knows who may read the console: the browser that exchanged the one link for a cookie. Only hashes are kept and
 * compared, in constant time.
 */
export class Sessions {
  readonly #deps: SessionsDeps;
  readonly #cookieName: string;
  #link: Buffer | undefined;
  #session: Buffer | undefined;

  constructor(deps: SessionsDeps) {
    this.#deps = deps;
    this.#cookieName = `kasbah-console-${deps.port}`;
  }

  /** Creates the token of the link. */
  createLink(): string {
    const token = this.#deps.newSecret();
    this.#link = hashOf(token);
    return token;
  }

  /** Exchanges the token for the cookie, once. Undefined if the token is not the link's, or was used. */
  open(token: string): string | undefined {
    if (this.#link === undefined || !timingSafeEqual(hashOf(token), this.#link)) return undefined;
    this.#link = undefined;
    const secret = this.#deps.newSecret();
    this.#session = hashOf(secret);
    return `${this.#cookieName}=${secret}; Path=/; HttpOnly; SameSite=Strict`;
  }

  /** Whether a `Cookie` header contains the session. */
  isOpen(cookies: string): boolean {
    const session = this.#session;
    if (session === undefined) return false;
    const prefix = `${this.#cookieName}=`;
    const own = cookies.split(";").map((one) => one.trim());
    return own.some(
      (one) => one.startsWith(prefix) && timingSafeEqual(hashOf(one.slice(prefix.length)), session),
    );
  }
}

function hashOf(secret: string): Buffer {
  return createHash("sha256").update(secret).digest();
}
