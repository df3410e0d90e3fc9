"""codeodds: how likely the function under the cursor is to be right."""

import os

__version__ = "0.1.0"

# onnxruntime 1.29 and newer sends usage events to its maker, and keeps a device id and those events on the disk, unless
# this is set before the library is loaded. Python runs these lines before any module of this package, so that no entry
# point can forget it. A value that the user set is overwritten: nothing here may open a connection.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
