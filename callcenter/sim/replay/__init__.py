"""Calls of the past through another configuration: what would have become of them. Knows no database, no screen.

`recorded` says what a recorded call is, `journal` and `table` read them, `unseen` draws what nobody saw (how long a
caller who was served would have waited), `rerun` drives them through the real Engine, `comparison` puts two runs side
by side.
"""
