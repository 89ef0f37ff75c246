"""Scenes as people look at them: one interactive page, still pictures, and what both are made of.

`document` says what a page holds, `packing` and `frames` turn it into bytes, `page` writes the HTML around
them. These four need attrs, NumPy, Pillow and the standard library only, and read no scene: `scene` fills a
document from a scene on disk, the sandbox from its own tables. The page itself is written in TypeScript
(`web/`) and bundled into `static/` when the package is built. `stills` draws pictures.
"""
