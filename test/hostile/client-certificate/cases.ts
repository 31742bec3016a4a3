import type { Gate } from "./gate.ts";
import { type Changes, type Issuer, issuerOf, mint, type Presented } from "./mint.ts";

/** The material available to an attacker. */
export interface World {
  readonly now: Date;
  /** The authority that issues leaves; its issuer is in the bundle. */
  readonly issuer: Issuer;
  readonly intermediate: Uint8Array;
  readonly root: Issuer;
  readonly rootDer: Uint8Array;
}

/** A certificate that must not authenticate its caller. */
export interface Impostor {
  readonly title: string;
  readonly forge: (world: World) => Presented;
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

/** A current and valid leaf with the given changes, and its intermediate. */
export function leafWith({ issuer, intermediate, now }: World, changes: Changes = {}): Presented {
  return { chain: [mint(issuer, now, changes), intermediate], key: changes.key ?? "P-256" };
}

/** Impostors that differ from a valid leaf only by the given changes. */
export function changed(
  changes: Readonly<Record<string, Changes | ((world: World) => Changes)>>,
): Impostor[] {
  return Object.entries(changes).map(([title, change]) => ({
    title,
    forge: (world) => leafWith(world, typeof change === "function" ? change(world) : change),
  }));
}
