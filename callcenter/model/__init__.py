"""The vocabulary: frozen values only. Knows what things are called; knows no rule, no clock, no I/O.

Messages (events, commands, facts) are `msgspec.Struct`s: frozen and slotted like the dataclasses used for every other
value, six times cheaper to make, and tagged, so that the journal can write and read them without a table of names.
"""
