"""Chores beside the calls: slow work over files, never on the call path. One file per chore."""
