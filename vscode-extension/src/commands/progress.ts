/** How far the server says it is, as the editor's progress takes it: in steps. Pure. */

import type { WorkDone } from "../server/protocol.ts";

interface Bar {
  report(step: { message?: string; increment: number }): void;
}

export function reporter(bar: Bar): (value: WorkDone) => void {
  let shown = 0;
  return ({ message, percentage }) => {
    const increment = Math.max(0, (percentage ?? shown) - shown);
    shown += increment;
    bar.report(message === undefined ? { increment } : { message, increment });
  };
}
