"""The query service: filters, aggregates, streaming answers."""
