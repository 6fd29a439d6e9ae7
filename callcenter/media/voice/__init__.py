"""Voice: Asterisk's messages become events, commands become requests. Decides nothing.

`ears` reads, `hands` do, `link` keeps the two in step over restarts and lost connections, `door` lets dialplan calls
in and out again.
"""
