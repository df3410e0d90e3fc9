"""A trained value model to a bundle: ``codeodds-train export``.

export_run ─▶ graph (ONNX, quantised) ─▶ calibrate ─▶ writer (manifest, hashes, figures), card (the model card)
"""
