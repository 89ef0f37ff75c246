"""Annotations, offline: OpenLABEL documents and the rules on them."""
