"""The shell's heart: the clock, the one loop that decides, the performing of commands, the live feed.

Knows asyncio; knows no Asterisk, no database and no rule of a call center.
"""
