"""For tests of programs that use the classify API: a server of it that needs no key and no network.

pytest loads `classify_core.testing.plugin` by itself; it adds the fixture `classify_server`.
"""
