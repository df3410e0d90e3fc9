import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { Pauses } from "../src/power/pauses.ts";
import { onBattery } from "../src/power/read.ts";
import { linuxOnBattery, macOnBattery, windowsOnBattery, type Supply } from "../src/power/readings.ts";

const MAINS: Supply = { type: "Mains", online: "1" };
const NO_MAINS: Supply = { type: "Mains", online: "0" };
const USED: Supply = { type: "Battery", status: "Discharging" };

test("Linux: a battery that discharges counts while nothing is plugged in", () => {
  assert.equal(linuxOnBattery([NO_MAINS, USED]), true);
  assert.equal(linuxOnBattery([USED]), true);
  assert.equal(linuxOnBattery([{ type: "UPS", status: "Discharging" }]), true);
  assert.equal(linuxOnBattery([NO_MAINS, { type: "Battery", status: "Full" }, USED]), true);
  assert.equal(linuxOnBattery([MAINS, USED]), false);
  assert.equal(linuxOnBattery([NO_MAINS, { type: "USB", online: "1" }, USED]), false);
  assert.equal(linuxOnBattery([MAINS, { type: "Battery", status: "Charging" }]), false);
  assert.equal(linuxOnBattery([NO_MAINS, { type: "Battery", status: "Unknown" }]), false);
  assert.equal(linuxOnBattery([]), false);
});

test("Linux: the battery of a mouse is not that of the machine", () => {
  assert.equal(linuxOnBattery([{ ...USED, scope: "Device" }]), false);
  assert.equal(linuxOnBattery([{ ...USED, scope: "System" }]), true);
  assert.equal(linuxOnBattery([{ ...MAINS, scope: "Device" }, USED]), true);
});

test("macOS: the first line of pmset names the source", () => {
  const rest = "\n -InternalBattery-0 (id=1234567)\t62%; discharging; 3:12 remaining present: true\n";
  assert.equal(macOnBattery(`Now drawing from 'Battery Power'${rest}`), true);
  assert.equal(macOnBattery(`Now drawing from 'UPS Power'${rest}`), true);
  assert.equal(macOnBattery(`Now drawing from 'AC Power'${rest}`), false);
  assert.equal(macOnBattery(""), false);
});

test("Windows: all batteries discharge, or it is not on battery", () => {
  assert.equal(windowsOnBattery("1\r\n"), true);
  assert.equal(windowsOnBattery("4\r\n5\r\n"), true);
  assert.equal(windowsOnBattery("2\r\n"), false);
  assert.equal(windowsOnBattery("1\r\n2\r\n"), false);
  assert.equal(windowsOnBattery("11\r\n"), false);
  assert.equal(windowsOnBattery("\r\n"), false);
});

test("Linux is read from its files, which may be missing", async () => {
  const folder = mkdtempSync(join(tmpdir(), "codeodds-power-"));
  const write = (supply: string, files: Record<string, string>): void => {
    mkdirSync(join(folder, supply), { recursive: true });
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, supply, name), `${text}\n`);
  };
  try {
    assert.equal(await onBattery("linux", folder), false);
    write("BAT0", { type: "Battery", status: "Discharging" });
    write("hidpp_battery_0", { type: "Battery", scope: "Device", status: "Discharging" });
    assert.equal(await onBattery("linux", folder), true);
    write("AC", { type: "Mains", online: "1" });
    assert.equal(await onBattery("linux", folder), false);
    assert.equal(await onBattery("linux", join(folder, "nowhere")), false);
    assert.equal(await onBattery("aix", folder), false);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("the power supply pauses and resumes by itself", () => {
  const pauses = new Pauses();
  const after = (onBattery: boolean): string | undefined => {
    pauses.byPower(onBattery);
    return pauses.reason;
  };
  assert.deepEqual([false, true, true, false].map(after), [undefined, "battery", "battery", undefined]);
});

test("a pause that the user asked for outlasts the battery", () => {
  const pauses = new Pauses();
  pauses.byUser(true);
  pauses.byPower(true);
  assert.equal(pauses.reason, "user");
  pauses.byPower(false);
  assert.equal(pauses.reason, "user");
  pauses.byUser(false);
  assert.equal(pauses.reason, undefined);
});

test("who resumes on battery is left alone until the next time on battery", () => {
  const pauses = new Pauses();
  pauses.byPower(true);
  pauses.byUser(false);
  pauses.byPower(true);
  assert.equal(pauses.reason, undefined);
  pauses.byPower(false);
  pauses.byPower(true);
  assert.equal(pauses.reason, "battery");
});
