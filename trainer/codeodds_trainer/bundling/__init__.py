"""A trained value model to a bundle: ``codeodds-train export``.

command ─▶ graph (ONNX, quantised) ─▶ calibrate ─▶ writer (manifest, hashes), card (the model card)
"""
