"""Inputs: scenes placed in requests, and their way through a workflow."""
