/** Who paused: the user, or the power supply. Pure. */

export type Pause = "user" | "battery";

/**
 * The user's word goes first. A pause that the user asked for outlasts any change of power, and after the user resumed on
 * battery nothing pauses by itself until the machine was on power from outside again.
 */
export class Pauses {
  #user = false;
  #battery = false;
  #onBattery = false;

  /** Why scores are paused now; undefined if they are not. */
  get reason(): Pause | undefined {
    if (this.#user) return "user";
    return this.#battery ? "battery" : undefined;
  }

  byUser(active: boolean): void {
    this.#user = active;
    if (!active) this.#battery = false;
  }

  /** Called with each reading; only a change of it does something. */
  byPower(onBattery: boolean): void {
    if (onBattery === this.#onBattery) return;
    this.#onBattery = onBattery;
    this.#battery = onBattery;
  }
}
