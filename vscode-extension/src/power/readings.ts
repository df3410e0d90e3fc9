/** What each system says about its power supply, read as one answer: does the machine run on battery? Pure. */

/** The files of one folder of /sys/class/power_supply, as far as they are there. */
export interface Supply {
  type?: string | undefined;
  scope?: string | undefined;
  online?: string | undefined;
  status?: string | undefined;
}

/** Linux: a battery discharges and no supply from outside is connected. Batteries of mice and pens do not count. */
export function linuxOnBattery(supplies: readonly Supply[]): boolean {
  const stores = supplies.filter(({ type, scope }) => (type === "Battery" || type === "UPS") && scope !== "Device");
  const outside = supplies.filter(({ type, scope }) => (type === "Mains" || type === "USB") && scope !== "Device");
  if (outside.some(({ online }) => online === "1")) return false;
  return stores.some(({ status }) => status === "Discharging");
}

/** macOS: the output of `pmset -g batt`, whose first line is "Now drawing from 'Battery Power'" or another source. */
export function macOnBattery(output: string): boolean {
  const source = /drawing from '([^']*)'/.exec(output)?.[1];
  return source === "Battery Power" || source === "UPS Power";
}

/** `BatteryStatus` of WMI's Win32_Battery: discharging, low, critical. All others mean power from outside. */
const WINDOWS_DISCHARGING = new Set(["1", "4", "5"]);

/** Windows: the number of each battery, one on a line; nothing without a battery. */
export function windowsOnBattery(output: string): boolean {
  const numbers = output.split(/\s+/).filter((word) => word !== "");
  return numbers.length > 0 && numbers.every((number) => WINDOWS_DISCHARGING.has(number));
}
