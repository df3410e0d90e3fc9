"""What people read: tables as Markdown, a page with plots, the figures that a bundle keeps."""
