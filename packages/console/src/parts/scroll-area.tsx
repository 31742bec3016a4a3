import type { ComponentChildren } from "preact";

interface ScrollAreaProps {
  readonly label: string;
  readonly children: ComponentChildren;
}

/** Content that may be wider or higher than the page. The keyboard scrolls it, so it takes the focus. */
export function ScrollArea({ label, children }: ScrollAreaProps) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: without the focus, the keyboard could not scroll it.
    <section class="scroll-area" tabIndex={0} aria-label={label}>
      {children}
    </section>
  );
}
