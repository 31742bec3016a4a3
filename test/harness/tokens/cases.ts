import { algorithms } from "./algorithms.ts";
import { authorizationValues } from "./authorization-values.ts";
import type { Case } from "./case.ts";
import { duplicates } from "./duplicates.ts";
import { encodings } from "./encodings.ts";
import { headerKeys } from "./header-keys.ts";
import { kubernetesClaims } from "./kubernetes-claims.ts";
import { audiencesAndIssuers } from "./names.ts";
import { payloads } from "./payloads.ts";
import { shapes } from "./shapes.ts";
import { signatures } from "./signatures.ts";
import { sizes } from "./sizes.ts";
import { subjects } from "./subjects.ts";
import { times } from "./times.ts";

/** The whole table. Its keys are generated for each run, so that no token of it is worth stealing. */
export const cases: readonly Case[] = [
  ...algorithms,
  ...headerKeys,
  ...shapes,
  ...encodings,
  ...payloads,
  ...times,
  ...audiencesAndIssuers,
  ...subjects,
  ...kubernetesClaims,
  ...duplicates,
  ...sizes,
  ...signatures,
  ...authorizationValues,
];
