import { TrustBundle } from "@kasbah/pki";
import { CaError } from "../errors.ts";
import type { Issuer, IssuerSource } from "../issuance/ports.ts";
import type { SigningPair } from "./authority-files.ts";

/** Where an authority is in its life; it goes from left to right and never back. */
export type AuthorityStage = "prepared" | "distributed" | "active" | "retiring" | "retired";

/** A root with its key, and the stage it is in. */
export interface StagedAuthority extends SigningPair {
  readonly stage: AuthorityStage;
}

const trustedStages: readonly AuthorityStage[] = ["distributed", "active", "retiring"];

/** Which authority signs and which are trusted, by their stages. */
export function createIssuerSet(authorities: readonly StagedAuthority[]): IssuerSource {
  const trusted = authorities.filter(({ stage }) => trustedStages.includes(stage));
  const bundle = TrustBundle.from(trusted.map(({ certificate }) => certificate));
  const active = authorities.find(({ stage }) => stage === "active");
  return {
    activeIssuer(now) {
      if (active === undefined) throw unavailable("no authority is active");
      const { notBefore, notAfter } = active.certificate;
      if (now < notBefore) throw unavailable("the active authority is not valid yet: check the clock");
      if (now >= notAfter) throw unavailable("the active authority has ended");
      return issuerOf(active);
    },
    trustBundle: () => bundle,
  };
}

function issuerOf({ certificate, keyPair }: StagedAuthority): Issuer {
  return { certificate, keyPair, intermediates: [], notAfter: certificate.notAfter };
}

function unavailable(reason: string): CaError {
  return new CaError("ISSUER_UNAVAILABLE", reason);
}
