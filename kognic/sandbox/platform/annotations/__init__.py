"""Annotations: delivered and preliminary documents, and the calls that find them."""
