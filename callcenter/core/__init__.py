"""The decisions. Synchronous and deterministic: an event and a time go in, commands and facts come out.

Knows no clock, no randomness, no I/O, no log. `engine.Engine` is the only door.
"""
