"""A Model Context Protocol server: the platform, scene files, checks and previews as tools for an assistant.

`roots` says which files may be read, `results` how answers look and what never appears in them, `calls` turns
errors into answers. The tools are methods of the classes in `platform_tools`, `file_tools` and `write_tools`;
`server` puts them together, and `kognic mcp` serves them on standard input and output.
"""
