"""A report in the browser while it is being edited: made again, and shown again, whenever something that it reads is saved."""

from reportkit.preview.watching import preview

__all__ = ["preview"]
