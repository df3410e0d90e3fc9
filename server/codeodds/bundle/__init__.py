"""The model bundle: the only contract between training and serving."""
