"""A first scene file from a folder of files: guesses that a person corrects.

`names` reads sensor and moment out of file names, `folder` finds the files and what lies beside them, `draft`
puts frames together, `writing` makes commented YAML of a draft.
"""
