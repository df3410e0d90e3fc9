"""Python functions in a document, found even while the document does not parse. Pure: no model, no protocol."""
