/** Another extension that completes Python: in one file, so that it is in nobody's way elsewhere. */

const vscode = require("vscode");

const ITEMS = require("./items.json");

exports.activate = (context) => {
  const file = { language: "python", pattern: "**/completion_names.py" };
  const provider = {
    provideCompletionItems: () =>
      ITEMS.map((item) => Object.assign(new vscode.CompletionItem(item.label, vscode.CompletionItemKind.Method), item)),
  };
  context.subscriptions.push(vscode.languages.registerCompletionItemProvider(file, provider, "."));
};
