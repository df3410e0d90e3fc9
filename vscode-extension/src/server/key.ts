/** What can be a key for the completions endpoint. Pure. */

const MOST_CHARACTERS = 4096;

/** What is wrong with a key that is typed in, as the server would say it; undefined if nothing is. Empty is none. */
export function keyProblem(text: string): string | undefined {
  const key = text.trim();
  if (key.length <= MOST_CHARACTERS && /^[ -~]*$/.test(key)) return undefined;
  return "A key is at most 4,096 printable ASCII characters; copy it again, without line ends.";
}
