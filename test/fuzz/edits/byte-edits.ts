import fc from "fast-check";

type ByteEdit = (bytes: Buffer) => Uint8Array;

const place = fc.nat({ max: 0xffff });
const mostBytes = 64 * 1024;

/** One to four changes to arbitrary bytes; `words` are inserted whole. */
export function byteEdits(
  words: readonly string[],
  others: readonly Uint8Array[],
): fc.Arbitrary<(bytes: Uint8Array) => Uint8Array> {
  const edits = fc.oneof(
    flip,
    cut,
    remove,
    repeat,
    { arbitrary: insert, weight: 2 },
    ...(words.length === 0 ? [] : [{ arbitrary: insertWord(words), weight: 6 }]),
    splice(others),
  );
  return fc.array(edits, { minLength: 1, maxLength: 4 }).map((list) => (bytes) => {
    const changed = list.reduce<Uint8Array>((before, apply) => apply(Buffer.from(before)), bytes);
    return changed.subarray(0, mostBytes);
  });
}

const flip = at(fc.nat({ max: 7 }), (bytes, index, bit) => {
  bytes[index] = (bytes[index] ?? 0) ^ (1 << bit);
  return bytes;
});

const cut = at(fc.boolean(), (bytes, index, front) =>
  front ? bytes.subarray(index) : bytes.subarray(0, index),
);

const remove = at(fc.integer({ min: 1, max: 16 }), (bytes, index, count) =>
  Buffer.concat([bytes.subarray(0, index), bytes.subarray(index + count)]),
);

const insert = at(fc.uint8Array({ minLength: 1, maxLength: 8 }), inserted);

/** Repetition exposes backtracking and quadratic run time. */
const repeat = at(
  fc.record({ length: fc.integer({ min: 1, max: 24 }), times: fc.integer({ min: 1, max: 300 }) }),
  (bytes, index, { length, times }) => {
    const part = bytes.subarray(index, index + length);
    return inserted(bytes, index, Buffer.concat(Array.from({ length: times }, () => part)));
  },
);

function insertWord(words: readonly string[]): fc.Arbitrary<ByteEdit> {
  return at(fc.constantFrom(...words), (bytes, index, word) => inserted(bytes, index, Buffer.from(word)));
}

/** The start of one valid input joined to the end of another. */
function splice(others: readonly Uint8Array[]): fc.Arbitrary<ByteEdit> {
  return at(fc.record({ other: fc.constantFrom(...others), from: place }), (bytes, index, { other, from }) =>
    Buffer.concat([bytes.subarray(0, index), other.subarray(from % (other.length + 1))]),
  );
}

function at<T>(
  what: fc.Arbitrary<T>,
  change: (bytes: Buffer, index: number, what: T) => Uint8Array,
): fc.Arbitrary<ByteEdit> {
  return fc.tuple(place, what).map(([index, value]) => (bytes) => {
    return change(bytes, index % (bytes.length + 1), value);
  });
}

function inserted(bytes: Buffer, index: number, added: Uint8Array): Buffer {
  return Buffer.concat([bytes.subarray(0, index), added, bytes.subarray(index)]);
}
