import { kasbah } from "../../generated/messages.js";
import { dateOf } from "./fields.ts";
import type { ActivityMessage, CountedActivityMessage } from "./overview.ts";

/** More buckets than any CA sends. */
const mostBuckets = 10_000;

/** @throws TypeError unless every list has one number for each bucket */
export function activityOf(read: kasbah.v1.IActivity | null | undefined): ActivityMessage {
  const { bucketMs, endsAt, issued, refused, handshakes } = new kasbah.v1.Activity(read ?? {});
  const buckets = issued.length;
  if (buckets === 0 || buckets > mostBuckets || !(Number(bucketMs) > 0))
    throw new TypeError(`expected 1 to ${mostBuckets} buckets of activity`);
  return {
    ...{ bucketMs: Number(bucketMs), endsAt: dateOf(endsAt), issued },
    refused: refused.map((one) => countedOf(one, buckets)),
    handshakes: handshakes.map((one) => countedOf(one, buckets)),
  };
}

export function countedFields({ code, counts }: CountedActivityMessage): kasbah.v1.ICountedActivity {
  return { code, counts: [...counts] };
}

function countedOf(one: kasbah.v1.ICountedActivity, buckets: number): CountedActivityMessage {
  const { code, counts } = new kasbah.v1.CountedActivity(one);
  if (counts.length !== buckets) throw new TypeError(`expected ${buckets} counts, found ${counts.length}`);
  return { code, counts };
}
