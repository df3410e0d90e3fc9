/** From text that holds other ways to write a function to the bodies that the server ranks. Pure. */

/** More than this is not asked for at once: each costs a run of the model. */
export const MOST_BODIES = 50;

const DEFINITION = /^(?:async[ \t]+)?def[ \t]/;

/**
 * Each function of a text that has several at its left margin, decorators with them; else the text as it is.
 *
 * The server takes the body out of a whole function by itself.
 */
export function bodiesIn(text: string): string[] {
  if (text.trim() === "") return [];
  const lines = text.split(/\r?\n/);
  const starts: number[] = [];
  lines.forEach((line, index) => {
    if (!DEFINITION.test(line)) return;
    let start = index;
    while (start > 0 && lines[start - 1]?.startsWith("@") === true) start -= 1;
    starts.push(start);
  });
  if (starts.length < 2) return [text];
  return starts.map(
    (start, index) =>
      lines
        .slice(start, starts[index + 1])
        .join("\n")
        .trimEnd() + "\n",
  );
}
