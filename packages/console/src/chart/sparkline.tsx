import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { countWords } from "../words/count-words.ts";
import { clockWords } from "../words/time-words.ts";
import { bucketAt, bucketStart, sparkOf } from "./spark-geometry.ts";

interface SparklineProps {
  readonly counts: readonly number[];
  readonly endsAt: number;
  readonly bucketMs: number;
  readonly tone: "issued" | "refused";
  readonly height: number;
  /** What is counted. */
  readonly children: ComponentChildren;
}

const width = 240;

/** Counts over time beside their name. The picture is for the eye: the table of the activity has the values for everyone. */
export function Sparkline({ counts, endsAt, bucketMs, tone, height, children }: SparklineProps) {
  const [pointed, setPointed] = useState<number>();
  const { line, area, partial, peak } = sparkOf(counts, width, height - 2);
  const point = (event: PointerEvent) => {
    if (!(event.currentTarget instanceof Element)) return;
    const { left, width: shown } = event.currentTarget.getBoundingClientRect();
    setPointed(bucketAt((event.clientX - left) / shown, counts.length));
  };
  const step = width / Math.max(counts.length, 1);
  const note =
    pointed === undefined
      ? `at most ${countWords(peak)} per minute`
      : `${countWords(counts[pointed] ?? 0)} at ${clockWords(bucketStart(pointed, counts.length, endsAt, bucketMs)).slice(0, 5)} UTC`;
  return (
    <div class="spark-row">
      <div class="spark-name">
        {children}
        <p class="spark-note" aria-hidden="true">
          {note}
        </p>
      </div>
      <svg
        class={`spark spark-${tone}`}
        aria-hidden="true"
        viewBox={`0 0 ${width} ${height}`}
        preserveAspectRatio="none"
        height={height}
        onPointerMove={point}
        onPointerLeave={() => setPointed(undefined)}
      >
        <g transform="translate(0 1)">
          <path class="spark-area" d={area} />
          <path class="spark-partial" d={partial} />
          <path class="spark-line" d={line} />
          {pointed !== undefined && (
            <rect class="spark-point" x={pointed * step} width={step} height={height - 2} />
          )}
        </g>
      </svg>
    </div>
  );
}
