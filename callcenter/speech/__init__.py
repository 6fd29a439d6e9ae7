"""Prompts: text in English and Vietnamese to audio files that Asterisk plays, cached; recordings win over speech.

`store` is the door. `text` fills in variables with the words of `say`; `speakers` are the voices; `making` and
`shaping` turn what they speak into telephone sounds, `cache` keeps them. `wav` is for the audio checks of recordings
too.
"""
