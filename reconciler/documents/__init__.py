"""Files that people write: YAML with the place of everything, and how we say what is wrong in it.

Shared by the rooms that read such files. It knows no file's meaning, and no other room.
"""
