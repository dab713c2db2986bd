#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Reports what docutils has to say about reStructuredText files."""

import sys

from docutils import core, nodes
from docutils.parsers.rst import Directive, directives, roles

SPHINX_DIRECTIVES = ["kernel-doc", "toctree", "only", "c:function", "c:struct",
                     "c:type", "c:macro", "c:enum", "flat-table",
                     "kernel-figure", "code-block", "literalinclude"]
SPHINX_ROLES = ["c:func", "c:type", "c:struct", "c:macro", "c:enum", "ref",
                "doc", "manpage", "term", "file"]


class SphinxDirective(Directive):
    """Takes any argument, option and content, and shows nothing."""

    optional_arguments = 1
    final_argument_whitespace = True
    has_content = True

    class AnyOption(dict):
        def __bool__(self):
            return True

        def __getitem__(self, name):
            return directives.unchanged

    option_spec = AnyOption()

    def run(self):
        return []


def sphinx_role(_name, rawtext, text, _line, _inliner, options=None,
                content=None):
    return [nodes.literal(rawtext, text)], []


def check(path):
    with open(path, encoding="utf-8") as page:
        core.publish_doctree(page.read(), source_path=path, settings_overrides={
            "report_level": 1, "halt_level": 5, "warning_stream": sys.stdout,
            "file_insertion_enabled": False})


for name in SPHINX_DIRECTIVES:
    directives.register_directive(name, SphinxDirective)
for name in SPHINX_ROLES:
    roles.register_local_role(name, sphinx_role)
for name in sys.argv[1:]:
    check(name)
