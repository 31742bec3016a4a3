import type { CaSet } from "./ca-set.ts";
import { anchors } from "./table/anchors.ts";
import { constraints } from "./table/constraints.ts";
import { encodings } from "./table/encodings.ts";
import { identifiers } from "./table/identifiers.ts";
import { rights } from "./table/rights.ts";

/** Every set, with the verdicts of the clients and of kasbah. */
export const caSets: readonly CaSet[] = [...identifiers, ...constraints, ...anchors, ...rights, ...encodings];
