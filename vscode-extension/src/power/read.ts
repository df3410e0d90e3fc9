/** Asks the system that the extension host runs on whether it runs on battery. On a remote host that is the host. */

import { execFile } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

import { linuxOnBattery, macOnBattery, windowsOnBattery, type Supply } from "./readings.ts";

export const SUPPLIES = "/sys/class/power_supply";

const LIMIT_MS = 10_000;
const WINDOWS_QUESTION = "Get-CimInstance -ClassName Win32_Battery | ForEach-Object { $_.BatteryStatus }";

/** False where the system cannot be asked. Never throws. `supplies`: the folder that Linux describes them in. */
export async function onBattery(platform: NodeJS.Platform, supplies = SUPPLIES): Promise<boolean> {
  try {
    if (platform === "linux") return linuxOnBattery(await linuxSupplies(supplies));
    if (platform === "darwin") return macOnBattery(await output("/usr/bin/pmset", ["-g", "batt"]));
    if (platform === "win32") {
      const options = ["-NoProfile", "-NonInteractive", "-Command", WINDOWS_QUESTION];
      return windowsOnBattery(await output("powershell.exe", options));
    }
  } catch {
    // No such folder or program: a machine that has no battery, or does not tell.
  }
  return false;
}

async function linuxSupplies(folder: string): Promise<Supply[]> {
  const names = await readdir(folder);
  return Promise.all(
    names.map(async (name) => {
      const [type, scope, online, status] = await Promise.all(
        ["type", "scope", "online", "status"].map((file) => line(join(folder, name, file))),
      );
      return { type, scope, online, status };
    }),
  );
}

/** The text of a file of one line; undefined if it cannot be read. */
async function line(path: string): Promise<string | undefined> {
  try {
    return (await readFile(path, "utf-8")).trim();
  } catch {
    return undefined;
  }
}

async function output(program: string, options: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(program, options, { timeout: LIMIT_MS, windowsHide: true });
  return stdout;
}
