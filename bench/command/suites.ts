import { growth } from "../suites/growth/growth.ts";
import { hostile } from "../suites/hostile/hostile.ts";
import { issuance } from "../suites/issuance/issuance.ts";
import { sds } from "../suites/sds/sds.ts";
import { steady } from "../suites/steady/steady.ts";
import { storm } from "../suites/storm/storm.ts";
import type { Suite } from "../suites/suite.ts";

/** In the order of a full run. */
export const suites: readonly Suite[] = [issuance, storm, steady, hostile, growth, sds];
