"""The REST API: what programs ask of a running center over HTTP. Decides nothing.

`routes` is every route: commands are entries of one table in `commands`, what is read is in `live` and `past`, other
writes are in `deeds`. `door` listens, `turn` answers one request, `document` says all of it as OpenAPI. docs/api.md is
for those who call it.
"""
