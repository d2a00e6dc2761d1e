"""`ioa view`: a local browser viewer that only reads.

`app` serves it, `data` follows the runs' files, `charts` turns facts into options of ECharts, and each `*_page` module
builds one page of a run. Nothing here is imported before the command is given: NiceGUI is an extra.
"""
