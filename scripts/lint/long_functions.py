#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Names the Python functions that are longer than 90 lines."""

import ast
import sys

LONGEST = 90


def functions(path):
    with open(path, encoding="utf-8") as script:
        tree = ast.parse(script.read(), path)
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node.lineno, node.name, node.end_lineno - node.lineno


for name in sys.argv[1:]:
    try:
        for line, function, length in functions(name):
            if length > LONGEST:
                print(f"{name}:{line}: {function}: {length} lines")
    except SyntaxError as error:
        print(error)
