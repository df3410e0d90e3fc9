/**
 * An extension for the tests alone. Its command `inspector.inspect` asks VS Code what all extensions together say of the
 * active document, and writes the answer to the file that CODEODDS_E2E_OUT names; harness/workbench.ts has its type.
 */

const { rename, writeFile } = require("node:fs/promises");

const vscode = require("vscode");

exports.activate = (context) => {
  const target = process.env.CODEODDS_E2E_OUT;
  const inspect = async () => {
    const found = { ...(await ofEditor(vscode.window.activeTextEditor)), trusted: vscode.workspace.isTrusted };
    // Whoever waits for the file reads it whole.
    await writeFile(`${target}.part`, JSON.stringify(found, undefined, 2));
    await rename(`${target}.part`, target);
  };
  context.subscriptions.push(vscode.commands.registerCommand("inspector.inspect", inspect));
};

async function ofEditor(editor) {
  if (editor === undefined) return { uri: null, hints: [], lenses: [], hovers: [], diagnostics: [] };
  const { uri, lineCount } = editor.document;
  const ask = (provider, ...more) => vscode.commands.executeCommand(`vscode.execute${provider}Provider`, uri, ...more);
  const hints = await ask("InlayHint", new vscode.Range(0, 0, lineCount, 0));
  const lenses = await ask("CodeLens", 100);
  const hovers = await ask("Hover", editor.selection.active);
  return {
    uri: uri.toString(),
    hints: hints.map(({ position, label }) => ({
      line: position.line,
      label: typeof label === "string" ? label : label.map((part) => part.value).join(""),
    })),
    lenses: lenses.map(({ range, command }) => ({
      line: range.start.line,
      title: command?.title ?? null,
      command: command?.command ?? null,
    })),
    hovers: hovers.flatMap(({ contents }) => contents.map((part) => part.value)),
    diagnostics: vscode.languages.getDiagnostics(uri).map((item) => ({
      startLine: item.range.start.line,
      code: item.code?.value ?? item.code ?? null,
      message: item.message,
      severity: item.severity,
      source: item.source ?? null,
    })),
  };
}
