import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { Command } from "../src/names.ts";

const ROOT = new URL("..", import.meta.url);

interface Manifest {
  capabilities: { untrustedWorkspaces: { restrictedConfigurations: string[] } };
  contributes: {
    configuration: { properties: object }[];
    commands: { command: string }[];
    menus: { commandPalette: { command: string; when: string }[] };
  };
}

const { capabilities, contributes } = JSON.parse(readFileSync(new URL("package.json", ROOT), "utf-8")) as Manifest;
const SOURCES = readdirSync(new URL("src", ROOT), { recursive: true, encoding: "utf-8" })
  .filter((name) => name.endsWith(".ts"))
  .map((name) => ({ name, text: readFileSync(new URL(`src/${name}`, ROOT), "utf-8") }));

test("the palette lists every command of the extension and no other", () => {
  const listed = contributes.commands.map(({ command }) => command).sort();
  assert.deepEqual(Object.values(Command).sort(), listed);
  const conditional = contributes.menus.commandPalette.map(({ command }) => command);
  assert.deepEqual(
    conditional.filter((command) => !listed.includes(command)),
    [],
  );
});

test("what is shipped holds nothing for tests alone", () => {
  const register = SOURCES.filter(({ text }) => text.includes("commands.registerCommand("));
  assert.equal(register.length, 1, register.map(({ name }) => name).join());
  assert.deepEqual(
    SOURCES.filter(({ text }) => /e2e|codeodds\.test/i.test(text)).map(({ name }) => name),
    [],
  );
});

test("a workspace that nobody trusts is kept from settings that exist", () => {
  const settings = contributes.configuration.flatMap(({ properties }) => Object.keys(properties));
  const restricted = capabilities.untrustedWorkspaces.restrictedConfigurations;
  assert.deepEqual(
    restricted.filter((name) => !settings.includes(name)),
    [],
  );
  for (const name of ["interpreter", "importStrategy", "model", "completions_url"]) {
    assert.ok(restricted.includes(`codeodds.${name}`), name);
  }
});
