import { useState } from "preact/hooks";
import { countWords } from "../words/count-words.ts";
import { clockWords } from "../words/time-words.ts";
import { bucketAt, bucketStart, sparkOf } from "./spark-geometry.ts";

interface SparklineProps {
  readonly counts: readonly number[];
  readonly endsAt: number;
  readonly bucketMs: number;
  /** What is counted. */
  readonly unit: string;
  readonly tone: "issued" | "refused";
  readonly height?: number;
}

const width = 240;

/** Counts over time. It is a picture only: the table of the activity has the values for everyone. */
export function Sparkline({ counts, endsAt, bucketMs, unit, tone, height = 40 }: SparklineProps) {
  const [pointed, setPointed] = useState<number>();
  const { line, area, peak } = sparkOf(counts, width, height - 2);
  const point = (event: PointerEvent) => {
    if (!(event.currentTarget instanceof Element)) return;
    const { left, width: shown } = event.currentTarget.getBoundingClientRect();
    setPointed(bucketAt((event.clientX - left) / shown, counts.length));
  };
  const leave = () => setPointed(undefined);
  const step = width / Math.max(counts.length, 1);
  return (
    <div class={`spark spark-${tone}`} aria-hidden="true" onPointerMove={point} onPointerLeave={leave}>
      <svg aria-hidden="true" viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="none" height={height}>
        <g transform="translate(0 1)">
          <path class="spark-area" d={area} />
          <path class="spark-line" d={line} />
          {pointed !== undefined && (
            <rect class="spark-point" x={pointed * step} width={step} height={height - 2} />
          )}
        </g>
      </svg>
      <span class="spark-note">
        {pointed === undefined
          ? `at most ${countWords(peak)} per minute`
          : `${clockWords(bucketStart(pointed, counts.length, endsAt, bucketMs)).slice(0, 5)} UTC: ${countWords(counts[pointed] ?? 0)} ${unit}`}
      </span>
    </div>
  );
}
