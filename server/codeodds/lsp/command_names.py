"""Names of the commands of ``workspace/executeCommand``. docs/protocol.md describes them."""

SCORE_FUNCTION = "codeodds.scoreFunction"
SCORE_FILE = "codeodds.scoreFile"
SCORE_SELECTION = "codeodds.scoreSelection"
EXPLAIN = "codeodds.explain"
RELOAD_MODEL = "codeodds.reloadModel"
DEBUG_INFORMATION = "codeodds.debugInformation"
OPEN_SETTINGS = "codeodds.openSettings"
