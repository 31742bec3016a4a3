import type { SigningPair } from "./authority-files.ts";

/** Where the keys of authorities lie for good, each with its certificate under its id. */
export interface KeyVault {
  /** Undefined when nothing lies under the id. @throws StateError when what lies there is not whole, or not to be used */
  find(id: string): Promise<SigningPair | undefined>;
  /** Resolves when the pair is durable; false when the id was taken before. @throws StateError `STATE_NOT_DURABLE` */
  put(id: string, pair: SigningPair): Promise<boolean>;
  /** Destroys the key and leaves the certificate; true when there was one. */
  remove(id: string): Promise<boolean>;
  /** Where the id lies, for messages. */
  placeOf(id: string): string;
}
