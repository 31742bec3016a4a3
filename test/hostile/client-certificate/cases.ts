import type { Gate } from "./gate.ts";
import { type Changes, type Issuer, issuerOf, mint, type Presented } from "./mint.ts";

/** What forgers have to work with. */
export interface World {
  readonly now: Date;
  /** The authority that issues leaves; its own issuer is in the bundle. */
  readonly issuer: Issuer;
  readonly intermediate: Uint8Array;
  readonly root: Issuer;
  readonly rootDer: Uint8Array;
}

/** A certificate that proves nothing. */
export interface Impostor {
  readonly title: string;
  readonly forge: (world: World) => Presented;
  /** OpenSSL may end the connection by itself, so that there is no call to refuse. */
  readonly mayHangUp?: true;
}

export function worldOf({ trust, clock }: Gate): World {
  const { root, intermediate } = trust;
  return {
    now: clock.now(),
    issuer: issuerOf(intermediate),
    intermediate: intermediate.certificate.der,
    root: issuerOf(root),
    rootDer: root.certificate.der,
  };
}

/** The leaf that is current and good, but for the changes, with its intermediate. */
export function leafWith({ issuer, intermediate, now }: World, changes: Changes = {}): Presented {
  return { chain: [mint(issuer, now, changes), intermediate], key: changes.key ?? "P-256" };
}

/** Impostors that differ from a good leaf by some changes alone. */
export function changed(
  changes: Readonly<Record<string, Changes | ((world: World) => Changes)>>,
): Impostor[] {
  return Object.entries(changes).map(([title, change]) => ({
    title,
    forge: (world) => leafWith(world, typeof change === "function" ? change(world) : change),
  }));
}
