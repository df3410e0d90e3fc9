/** How long to wait before a server that crashed is started again, and when to stop trying. Pure. */

export const DELAYS_S = [1, 2, 4, 8, 16] as const;

/** A server that ran for so long is taken for sound: the next crash counts as the first. */
export const SOUND_AFTER_S = 180;

export class Backoff {
  #crashes = 0;
  #startedAtS = 0;

  started(nowS: number): void {
    this.#startedAtS = nowS;
  }

  /** Seconds to wait before the next start; undefined when there were too many crashes. */
  crashed(nowS: number): number | undefined {
    if (nowS - this.#startedAtS >= SOUND_AFTER_S) this.#crashes = 0;
    const delay = DELAYS_S[this.#crashes];
    this.#crashes += 1;
    return delay;
  }

  reset(): void {
    this.#crashes = 0;
  }
}
