/** The program that a candidate interpreter runs to say what it is. It parses with every Python since 2.7. */

/** What the server imports before it can score. */
export const MODULES = [
  "click",
  "msgspec",
  "numpy",
  "pygls",
  "tree_sitter",
  "tree_sitter_python",
  "tokenizers",
  "onnxruntime",
  "codeodds.lsp.server",
] as const;

/**
 * Arguments: the folder of libraries by version and the server's folder (both empty with `fromEnvironment`), then the
 * modules. Writes one line of JSON. The working directory comes off the path first: it may hold files named like
 * modules.
 */
export const SCRIPT = `
import sys
sys.path = [entry for entry in sys.path if entry not in ("", ".")]
import json, os, platform, struct
tag = "cp%d%d" % tuple(sys.version_info[:2]) + ("t" if "t" in getattr(sys, "abiflags", "") else "")
libs, server, modules = sys.argv[1], sys.argv[2], sys.argv[3:]
extra = [folder for folder in (server, libs and os.path.join(libs, tag)) if folder and os.path.isdir(folder)]
sys.path[:0] = extra
failed = []
if sys.version_info >= (3, 11):
    for module in modules:
        try:
            __import__(module)
        except BaseException as error:
            failed.append([module, type(error).__name__, str(error)[:300]])
print(json.dumps({
    "version": list(sys.version_info[:3]),
    "tag": tag,
    "bits": struct.calcsize("P") * 8,
    "machine": platform.machine(),
    "executable": sys.executable,
    "failed": failed,
}))
`;
