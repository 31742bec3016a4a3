import { z } from "zod";

const text = z.string().max(500);

/** A head as `kasbah audit heads --json` prints it. */
export const knownHeadSchema = z.object({
  where: text,
  replica: text,
  origin: text,
  size: z.int().min(0),
  root: text,
  time: text,
  loss: z.object({ time: text, found: z.string().max(2_000) }).optional(),
});
