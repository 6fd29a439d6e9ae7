"""Versions of the configuration: what is live, how another becomes live without a restart, and how it goes back.

`Live` belongs to a running center; `VersionLibrary` gives any version that was ever live to whoever tells the journal
again. What a change would do to the calls of the last days is foretold by `prediction`.
"""
