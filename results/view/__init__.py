"""`ioa view`: a local browser viewer that only reads.

`app` serves it, `run_data` follows the runs' files, and each `*_page` module builds one page, of what `ioa.results` has
in charts, cards, tiles and sections. Nothing here is imported before the command is given: NiceGUI takes a second.
"""
